-- +goose Up
CREATE TABLE orders (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    idempotency_key text        NOT NULL UNIQUE,
    -- What was asked for under the key: another request under the same key is a mistake of the client.
    fingerprint     bytea       NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_items (
    order_id    uuid    NOT NULL REFERENCES orders (id),
    product_id  text    NOT NULL REFERENCES products (id),
    quantity    integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL,
    currency    char(3) NOT NULL,
    PRIMARY KEY (order_id, product_id)
);
