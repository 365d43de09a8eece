-- Up only: a program that is rolled back keeps working on the newer schema, and nothing it wrote is lost.
-- +goose Up
CREATE TABLE products (
    id          text PRIMARY KEY,
    position    integer NOT NULL,
    name        text    NOT NULL,
    description text    NOT NULL,
    picture     text    NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents >= 0),
    currency    char(3) NOT NULL DEFAULT 'EUR',
    stock       integer NOT NULL CHECK (stock >= 0)
);

INSERT INTO products (position, id, picture, name, description, price_cents, stock) VALUES
    (1, 'stoneware-mug', 'stoneware-mug', 'Stoneware mug', 'Holds 350 ml and the warmth of your hands.', 1800, 100000),
    (2, 'heather-honey', 'heather-honey', 'Heather honey', 'From twelve hives above the fjord, 500 g.', 1150, 100000),
    (3, 'field-notebook', 'field-notebook', 'Field notebook', 'Dotted, 96 pages, opens flat and stays flat.', 900, 100000),
    (4, 'pine-candle', 'pine-candle', 'Pine candle', 'Beeswax and resin; burns for forty hours.', 2200, 100000),
    (5, 'day-pack', 'day-pack', 'Day pack', 'Waxed canvas, 18 litres, mended for life.', 9400, 100000),
    (6, 'lambswool-scarf', 'lambswool-scarf', 'Lambswool scarf', 'Woven thirty miles from where it is sold.', 4800, 100000);
