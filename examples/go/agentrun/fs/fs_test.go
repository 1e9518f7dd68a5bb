// SPDX-License-Identifier: LicenseRef-agentrun-internal

package fs_test

import (
	"errors"
	"path/filepath"
	"testing"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/fs"
	"libagentrun.example/agentrun/internal/memory"
)

// Records in a store that is written in Go, blobs in files.
func TestBlobs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "blobs")
	blobs, err := fs.NewBlobs(folder)
	if err != nil {
		t.Fatal(err)
	}
	store, err := agentrun.NewStore("go", &memory.Store{}, agentrun.StoreOptions{MaxInline: 4, Blobs: blobs})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ref, err := store.Put(agentrun.Record{agentrun.JobID: "j", agentrun.Status: "completed", agentrun.ResultData: `{"a":"long"}`})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := store.Get(ref); err != nil || string(data) != `{"a":"long"}` {
		t.Errorf("%s, %v", data, err)
	}
	if files, _ := filepath.Glob(filepath.Join(folder, "??", "*")); len(files) != 1 {
		t.Errorf("%q", files)
	}
	if _, err := fs.NewBlobs("/no/such/folder/blobs"); !errors.Is(err, agentrun.ErrBackend) {
		t.Errorf("%v", err)
	}
}
