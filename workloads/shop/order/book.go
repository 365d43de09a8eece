package order

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ecommerce-platform/workloads/shop/database"
)

// Book is where orders are.
type Book struct {
	pool   *pgxpool.Pool
	schema *database.Schema
}

// NewBook returns the orders in a database.
func NewBook(pool *pgxpool.Pool, schema *database.Schema) *Book {
	return &Book{pool: pool, schema: schema}
}

// Place sells what the request asks for, and tells whether it did so now: a request whose key was used before gets the order
// of that time.
//
// It returns an order only once PostgreSQL has it on disk. Invalid, SoldOut and ErrKeyReused mean that nothing was sold. After any
// other error nobody knows, and the same request under the same key tells.
func (b *Book) Place(ctx context.Context, request Request) (order Order, now bool, err error) {
	if request, err = request.check(); err != nil {
		return Order{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, database.Patience)
	defer cancel()
	err = pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		order, now, err = place(ctx, tx, request)
		return err
	})
	if err != nil {
		return Order{}, false, b.schema.Saw(err)
	}
	return order, now, nil
}

func place(ctx context.Context, tx pgx.Tx, request Request) (Order, bool, error) {
	var order Order
	// Another transaction that inserts the same key now is waited for.
	err := tx.QueryRow(ctx, `
		INSERT INTO orders (idempotency_key, fingerprint) VALUES ($1, $2)
		ON CONFLICT (idempotency_key) DO NOTHING
		RETURNING id, number, created_at`, request.Key, request.fingerprint()).Scan(&order.ID, &order.Number, &order.Time)
	if errors.Is(err, pgx.ErrNoRows) {
		order, err = placed(ctx, tx, request)
		return order, false, err
	}
	if err != nil {
		return Order{}, false, err
	}
	order.Items = request.Items
	if err := order.price(ctx, tx); err != nil {
		return Order{}, false, err
	}
	return order, true, order.sell(ctx, tx)
}

// placed is the order that has the request's key already.
func placed(ctx context.Context, tx pgx.Tx, request Request) (Order, error) {
	var id string
	var fingerprint []byte
	err := tx.QueryRow(ctx, "SELECT id, fingerprint FROM orders WHERE idempotency_key = $1", request.Key).Scan(&id, &fingerprint)
	if err != nil {
		return Order{}, err
	}
	if !bytes.Equal(fingerprint, request.fingerprint()) {
		return Order{}, ErrKeyReused
	}
	return find(ctx, tx, id)
}

// price locks the products, in the order of their names, and sees that there is enough of each.
func (o *Order) price(ctx context.Context, tx pgx.Tx) error {
	ids, _ := o.columns()
	rows, err := tx.Query(ctx, `
		SELECT id, price_cents, currency, stock FROM products WHERE id = ANY($1) ORDER BY id FOR UPDATE`, ids)
	if err != nil {
		return err
	}
	type offer struct {
		ID         string
		PriceCents int
		Currency   string
		Stock      int
	}
	offers, err := pgx.CollectRows(rows, pgx.RowToStructByPos[offer])
	if err != nil {
		return err
	}
	found := map[string]offer{}
	for _, offer := range offers {
		found[offer.ID] = offer
	}
	for i := range o.Items {
		item := &o.Items[i]
		offer, ok := found[item.ProductID]
		switch {
		case !ok:
			return Invalid(fmt.Sprintf("items: no product %q", item.ProductID))
		case offer.Stock < item.Quantity:
			return SoldOut{ProductID: item.ProductID, Wanted: item.Quantity, Left: offer.Stock}
		}
		item.PriceCents, item.Currency = offer.PriceCents, offer.Currency
		o.TotalCents += item.Quantity * item.PriceCents
	}
	return nil
}

// sell takes the items from the stock and notes them.
func (o *Order) sell(ctx context.Context, tx pgx.Tx) error {
	ids, quantities := o.columns()
	_, err := tx.Exec(ctx, `
		WITH sold AS (
			UPDATE products SET stock = stock - item.quantity
			FROM unnest($2::text[], $3::integer[]) AS item (id, quantity)
			WHERE products.id = item.id
			RETURNING products.id, item.quantity, products.price_cents, products.currency
		)
		INSERT INTO order_items (order_id, product_id, quantity, price_cents, currency)
		SELECT $1, id, quantity, price_cents, currency FROM sold`, o.ID, ids, quantities)
	return err
}

func (o *Order) columns() (ids []string, quantities []int) {
	for _, item := range o.Items {
		ids, quantities = append(ids, item.ProductID), append(quantities, item.Quantity)
	}
	return ids, quantities
}

// Find returns an order, or ErrNoOrder.
func (b *Book) Find(ctx context.Context, id string) (Order, error) {
	ctx, cancel := context.WithTimeout(ctx, database.Patience)
	defer cancel()
	order, err := find(ctx, b.pool, id)
	return order, b.schema.Saw(err)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func find(ctx context.Context, from querier, id string) (Order, error) {
	rows, err := from.Query(ctx, `
		SELECT o.id, o.number, o.created_at, i.product_id, i.quantity, i.price_cents, i.currency
		FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.id = $1 ORDER BY i.product_id`, id)
	if err != nil {
		return Order{}, err
	}
	var order Order
	var item Item
	_, err = pgx.ForEachRow(rows, []any{
		&order.ID, &order.Number, &order.Time, &item.ProductID, &item.Quantity, &item.PriceCents, &item.Currency,
	}, func() error {
		order.Items = append(order.Items, item)
		order.TotalCents += item.Quantity * item.PriceCents
		return nil
	})
	if err == nil && len(order.Items) == 0 {
		err = ErrNoOrder
	}
	return order, err
}
