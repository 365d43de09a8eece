// Package catalogue is what the shop sells: read from a cache, from PostgreSQL where that has not got it, and written back.
package catalogue

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Product is one thing that the shop sells.
type Product struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Picture is the page's name for its picture.
	Picture    string `json:"picture"`
	PriceCents int    `json:"priceCents"`
	Currency   string `json:"currency"`
	Stock      int    `json:"stock"`
}

// ErrNoProduct says that the shop has no product of that name.
var ErrNoProduct = errors.New("no such product")

const columns = "id, name, description, picture, price_cents, currency, stock"

// shelf is the catalogue in PostgreSQL.
type shelf struct{ pool *pgxpool.Pool }

func (s shelf) all(ctx context.Context) ([]Product, error) {
	rows, err := s.pool.Query(ctx, "SELECT "+columns+" FROM products ORDER BY position, id")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Product])
}

func (s shelf) one(ctx context.Context, id string) (Product, error) {
	rows, err := s.pool.Query(ctx, "SELECT "+columns+" FROM products WHERE id = $1", id)
	if err != nil {
		return Product{}, err
	}
	product, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Product])
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoProduct
	}
	return product, err
}
