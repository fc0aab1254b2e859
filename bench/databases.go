package main

import (
	"context"
	"strings"

	"github.com/walletport/walletport/storage/storagetest"
)

// database is a kind of database that rows are measured on.
type database struct {
	name   string                         // in the tables
	create func() (url string, err error) // an empty one; that of SQLite is in the folder of its server
	shared bool                           // also by servers on several machines, as two replicas are
}

// names returns the name of the database in rows of one replica, and where servers on several
// machines can share it in those of two.
func (d database) names() []string {
	if !d.shared {
		return []string{d.name}
	}
	return []string{d.name, d.name + ", two replicas"}
}

// onEachDatabase measures on each kind of database of the plan, one after the other. PostgreSQL
// runs while it is measured.
func (p plan) onEachDatabase(ctx context.Context, measure func(database) error) error {
	if strings.Contains(p.databases, "sqlite") {
		create := func() (string, error) { return "sqlite:walletport.db", nil }
		if err := measure(database{name: "SQLite", create: create}); err != nil {
			return err
		}
	}
	if !strings.Contains(p.databases, "postgres") {
		return nil
	}
	postgres, err := storagetest.StartPostgres(ctx, storagetest.PostgresConfig{Durable: true})
	if err != nil {
		return err
	}
	defer postgres.Stop()
	create := func() (string, error) { return postgres.CreateDatabase(ctx) }
	return measure(database{name: "PostgreSQL", create: create, shared: true})
}
