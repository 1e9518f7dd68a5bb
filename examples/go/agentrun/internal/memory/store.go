// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package memory is a store and a queue that are written in Go, with all that a backend
// may have. They keep everything in maps, and are what the tests run the conformance
// suites over; a backend of yours can start from them.
package memory

import (
	"bytes"
	"sort"
	"strings"
	"sync"
	"time"

	"libagentrun.example/agentrun"
)

// Store is an agentrun.StoreBackend. The zero value is ready.
type Store struct {
	mu    sync.Mutex
	byID  map[string]agentrun.Record
	byJob map[string]agentrun.Record
	blobs map[string]blob
}

type blob struct {
	data []byte
	put  time.Time
}

// Put keeps records.
func (s *Store) Put(records []agentrun.Record) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID, s.byJob = map[string]agentrun.Record{}, map[string]agentrun.Record{}
	}
	ids := make([]string, len(records))
	for i, record := range records {
		old, is := s.byJob[record[agentrun.JobID]]
		if is && old[agentrun.Status] == "completed" {
			ids[i] = old[agentrun.ResultID]
			continue
		}
		delete(s.byID, old[agentrun.ResultID])
		s.byJob[record[agentrun.JobID]] = record
		s.byID[record[agentrun.ResultID]] = record
		ids[i] = record[agentrun.ResultID]
	}
	return ids, nil
}

// Get finds a record.
func (s *Store) Get(by agentrun.Field, key string) (agentrun.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, is := s.byID[key]
	if by == agentrun.JobID {
		record, is = s.byJob[key]
	}
	if !is {
		return nil, agentrun.ErrNotFound
	}
	return record, nil
}

// before: is a listed before b?
func before(a, b agentrun.Record) bool {
	if a[agentrun.CreatedAt] != b[agentrun.CreatedAt] {
		return a[agentrun.CreatedAt] > b[agentrun.CreatedAt]
	}
	return a[agentrun.ResultID] > b[agentrun.ResultID]
}

func matches(r agentrun.Record, q *agentrun.Query) bool {
	is := func(want string, field agentrun.Field) bool { return want == "" || r[field] == want }
	return is(q.RunID, agentrun.RunID) && is(q.NodeID, agentrun.NodeID) && is(q.Status, agentrun.Status) &&
		(q.Since == "" || r[agentrun.CreatedAt] >= q.Since) && (q.After == nil || before(q.After, r))
}

// List finds records.
func (s *Store) List(query agentrun.Query) ([]agentrun.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []agentrun.Record
	for _, record := range s.byID {
		if !matches(record, &query) {
			continue
		}
		short := agentrun.Record{}
		for field, value := range record {
			if field != agentrun.ResultData {
				short[field] = value
			}
		}
		out = append(out, short)
	}
	sort.Slice(out, func(i, j int) bool { return before(out[i], out[j]) })
	out = out[min(query.Offset, len(out)):]
	if query.Limit >= 0 {
		out = out[:min(query.Limit, len(out))]
	}
	return out, nil
}

// PutBlob keeps a blob.
func (s *Store) PutBlob(hex string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blobs == nil {
		s.blobs = map[string]blob{}
	}
	s.blobs[hex] = blob{bytes.Clone(data), time.Now()} // what goes in is lent
	return nil
}

// GetBlob reads a blob.
func (s *Store) GetBlob(hex string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, is := s.blobs[hex]
	if !is {
		return nil, agentrun.ErrNotFound
	}
	return b.data, nil
}

// Close has nothing to do.
func (s *Store) Close() error { return nil }

// ReadBlobAt reads a part of a blob.
func (s *Store) ReadBlobAt(hex string, p []byte, offset int64) (int, error) {
	data, err := s.GetBlob(hex)
	if err != nil {
		return 0, err
	}
	return bytes.NewReader(data).ReadAt(p, offset)
}

type upload struct {
	bytes.Buffer
	to *Store
}

// NewBlob begins a blob that comes in parts.
func (s *Store) NewBlob() (agentrun.BlobUpload, error) { return &upload{to: s}, nil }

func (u *upload) Finish(hex string) error { return u.to.PutBlob(hex, u.Bytes()) }
func (u *upload) Drop()                   {}

// RemoveRecords removes old records.
func (s *Store) RemoveRecords(createdBefore string) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, record := range s.byID {
		if record[agentrun.CreatedAt] < createdBefore {
			delete(s.byID, id)
			delete(s.byJob, record[agentrun.JobID])
			n++
		}
	}
	return n, nil
}

// MarkBlobs tells which blobs records name.
func (s *Store) MarkBlobs(hexes []string) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	named := map[string]bool{}
	for _, record := range s.byID {
		named[strings.TrimPrefix(record[agentrun.CASID], "sha256:")] = true
	}
	out := make([]bool, len(hexes))
	for i, hex := range hexes {
		out[i] = named[hex]
	}
	return out, nil
}

// ListBlobs lists old blobs.
func (s *Store) ListBlobs(cursor string, before time.Time) (hexes []string, next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hex, b := range s.blobs {
		if hex > cursor && b.put.Before(before) {
			hexes = append(hexes, hex)
		}
	}
	sort.Strings(hexes)
	if len(hexes) > 100 {
		hexes = hexes[:100]
		next = hexes[99]
	}
	return hexes, next, nil
}

// RemoveBlob removes a blob.
func (s *Store) RemoveBlob(hex string, before time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, is := s.blobs[hex]
	if !is || !b.put.Before(before) {
		return false, nil
	}
	delete(s.blobs, hex)
	return true, nil
}
