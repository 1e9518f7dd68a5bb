// SPDX-License-Identifier: LicenseRef-agentrun-internal

package postgres_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/postgres"
)

func TestStore(t *testing.T) {
	url := os.Getenv("AGENTRUN_TEST_POSTGRES")
	if url == "" {
		t.Skip("AGENTRUN_TEST_POSTGRES names no database")
	}
	store, err := postgres.NewStore(url, postgres.Options{MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Migrate(); err != nil {
		t.Fatal(err)
	}
	ref, err := store.Put(agentrun.Record{agentrun.JobID: "j", agentrun.Status: "completed", agentrun.ResultData: `{"a":1}`})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := store.Get(ref); err != nil || string(data) != `{"a":1}` {
		t.Errorf("%s, %v", data, err)
	}
}

func TestUnreachable(t *testing.T) {
	store, err := postgres.NewStore("postgresql:///x?host=/no/such/folder", postgres.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var e *agentrun.Error
	if _, err := store.FindJob("j"); !errors.Is(err, agentrun.ErrBackend) || !errors.As(err, &e) || !e.Retryable {
		t.Errorf("%#v", err)
	}
}
