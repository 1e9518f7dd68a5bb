// SPDX-License-Identifier: LicenseRef-agentrun-internal

package sqlite_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/sqlite"
)

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.db")
	for round := 0; round < 2; round++ {
		store, err := sqlite.NewStore(path, sqlite.Options{
			StoreOptions: agentrun.StoreOptions{MaxInline: 4}, BusyTimeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if _, err := store.Put(agentrun.Record{agentrun.JobID: "j", agentrun.Status: "completed", agentrun.ResultData: `{"a":"long"}`}); err != nil {
				t.Fatal(err)
			}
		}
		record, err := store.FindJob("j")
		if err != nil || record[agentrun.CASID] == "" {
			t.Fatalf("%v, %v", record, err)
		}
		if data, err := store.Get("artifact://" + record[agentrun.ResultID]); err != nil || string(data) != `{"a":"long"}` {
			t.Errorf("%s, %v", data, err)
		}
		store.Close()
	}
	if _, err := sqlite.NewStore("/no/such/folder/kept.db", sqlite.Options{}); !errors.Is(err, agentrun.ErrBackend) {
		t.Errorf("%v", err)
	}
}
