// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
#include "tables.h"
*/
import "C"

import (
	"io"
	"runtime"
	"time"
	"unsafe"
)

// Field is one of a [Record].
type Field int

// The fields of a record.
const (
	ResultID        Field = C.AGENTRUN_RECORD_RESULT_ID // UUID; made by Put
	JobID           Field = C.AGENTRUN_RECORD_JOB_ID    // unique
	RunID           Field = C.AGENTRUN_RECORD_RUN_ID
	NodeID          Field = C.AGENTRUN_RECORD_NODE_ID
	ResultData      Field = C.AGENTRUN_RECORD_RESULT_DATA // JSON; not set when it is in a blob
	CASID           Field = C.AGENTRUN_RECORD_CAS_ID      // "sha256:HEX" of that blob
	S3Ref           Field = C.AGENTRUN_RECORD_S3_REF
	Status          Field = C.AGENTRUN_RECORD_STATUS            // "completed", "failed", ...
	ErrorData       Field = C.AGENTRUN_RECORD_ERROR             // JSON
	ToolCalls       Field = C.AGENTRUN_RECORD_TOOL_CALLS        // JSON
	TokensUsed      Field = C.AGENTRUN_RECORD_TOKENS_USED       // whole number
	CacheHit        Field = C.AGENTRUN_RECORD_CACHE_HIT         // "true" or "false"
	ExecutionTimeMS Field = C.AGENTRUN_RECORD_EXECUTION_TIME_MS // whole number
	LLMModel        Field = C.AGENTRUN_RECORD_LLM_MODEL
	CreatedAt       Field = C.AGENTRUN_RECORD_CREATED_AT   // ISO 8601, UTC
	CompletedAt     Field = C.AGENTRUN_RECORD_COMPLETED_AT // ISO 8601, UTC
)

func (f Field) String() string { return C.GoString(C.agentrun_record_field_name(C.int(f))) }

// Record is the result of one job: the fields that are set.
type Record map[Field]string

// Store keeps results and blobs.
type Store struct {
	ptr  *C.agentrun_store
	refs refs
}

// NewMemoryStore makes a store that forgets everything when it is closed. Result data
// above maxInline bytes goes to a blob; 0: the default of 10 MiB.
func NewMemoryStore(maxInline int) (*Store, error) {
	return OpenStore(StoreOptions{MaxInline: maxInline}, func(common unsafe.Pointer) (unsafe.Pointer, error) {
		var ptr *C.agentrun_store
		var cerr *C.agentrun_error
		r := C.agrgo_memory_store(&ptr, (*C.agentrun_store_options)(common), &cerr)
		return unsafe.Pointer(ptr), takeError(r, cerr)
	})
}

// Close frees the store once no call and no Engine uses it. It may be called again.
func (s *Store) Close() error {
	runtime.SetFinalizer(s, nil)
	s.refs.close()
	return nil
}

// Put keeps a job's result and gives its ref, "artifact://UUID". The record is changed
// to what is kept; a second record of a job that completed gives the first's ref.
func (s *Store) Put(record Record) (ref string, err error) {
	if err := s.refs.acquire(); err != nil {
		return "", err
	}
	defer s.refs.release()
	var crec *C.agentrun_record
	var cerr *C.agentrun_error
	if r := C.agentrun_record_new(&crec, &cerr); r < 0 {
		return "", takeError(r, cerr)
	}
	defer C.agentrun_record_free(crec)
	for field := range record {
		if field < 0 || int(field) >= fieldCount {
			return "", &Error{Code: ErrInvalid, Message: "agentrun: no such field of a record"}
		}
	}
	var flat flatText
	flat.addRecord(record)
	r := C.agrgo_record_fill(crec, flat.text(), flat.sizes(), C.size_t(fieldCount), &cerr)
	if r < 0 {
		return "", takeError(r, cerr)
	}
	var buf C.agentrun_buf
	if r := C.agentrun_store_put(&buf, s.ptr, crec, &cerr); r < 0 {
		return "", takeError(r, cerr)
	}
	ref = string(takeBuf(&buf))
	kept, err := readRecord(crec)
	if err != nil {
		return "", err
	}
	for field := range record {
		delete(record, field)
	}
	for field, value := range kept {
		record[field] = value
	}
	return ref, nil
}

// Get gives what a ref names: a record's result data, or a blob.
func (s *Store) Get(ref string) ([]byte, error) {
	if err := CheckText(ref); err != nil {
		return nil, err
	}
	if err := s.refs.acquire(); err != nil {
		return nil, err
	}
	defer s.refs.release()
	cref := C.CString(ref)
	defer freeText(cref)
	var buf C.agentrun_buf
	var cerr *C.agentrun_error
	if r := C.agentrun_store_get(&buf, s.ptr, cref, &cerr); r < 0 {
		return nil, takeError(r, cerr)
	}
	return takeBuf(&buf), nil
}

// PutBlob keeps a blob and gives its ref, "cas://sha256:HEX".
func (s *Store) PutBlob(data []byte) (ref string, err error) {
	if err := s.refs.acquire(); err != nil {
		return "", err
	}
	defer s.refs.release()
	var buf C.agentrun_buf
	var cerr *C.agentrun_error
	if r := C.agentrun_store_put_blob(&buf, s.ptr, lend(data), C.size_t(len(data)), &cerr); r < 0 {
		return "", takeError(r, cerr)
	}
	return string(takeBuf(&buf)), nil
}

// Record gives the record that a ref "artifact://UUID" names.
func (s *Store) Record(ref string) (Record, error) {
	return s.record(ref, func(out **C.agentrun_record, key *C.char, cerr **C.agentrun_error) C.int {
		return C.agentrun_store_get_record(out, s.ptr, key, cerr)
	})
}

// FindJob gives the record of a job.
func (s *Store) FindJob(jobID string) (Record, error) {
	return s.record(jobID, func(out **C.agentrun_record, key *C.char, cerr **C.agentrun_error) C.int {
		return C.agentrun_store_find_job(out, s.ptr, key, cerr)
	})
}

func (s *Store) record(key string, get func(**C.agentrun_record, *C.char, **C.agentrun_error) C.int) (Record, error) {
	if err := CheckText(key); err != nil {
		return nil, err
	}
	if err := s.refs.acquire(); err != nil {
		return nil, err
	}
	defer s.refs.release()
	ckey := C.CString(key)
	defer freeText(ckey)
	var crec *C.agentrun_record
	var cerr *C.agentrun_error
	if r := get(&crec, ckey, &cerr); r < 0 {
		return nil, takeError(r, cerr)
	}
	defer C.agentrun_record_free(crec)
	return readRecord(crec)
}

func readRecord(crec *C.agentrun_record) (Record, error) {
	var flat C.agrgo_flat
	if r := C.agrgo_record_flatten(&flat, crec); r < 0 {
		return nil, takeError(r, nil)
	}
	return takeRecords(&flat)[0], nil
}

// Query says which records to list; "" is any.
type Query struct {
	RunID, NodeID, Status string
	Since                 string // created_at at or after, ISO 8601
	Limit                 int    // 0: 100; negative: no limit
	Offset                int
	After                 Record // a page: only what is listed behind this one
}

// List lists records, newest first, without their result data.
func (s *Store) List(query Query) ([]Record, error) {
	err := CheckText(query.RunID, query.NodeID, query.Status, query.Since, query.After[CreatedAt], query.After[ResultID])
	if err != nil {
		return nil, err
	}
	if err := s.refs.acquire(); err != nil {
		return nil, err
	}
	defer s.refs.release()
	limit := query.Limit
	if limit == 0 {
		limit = 100
	}
	run, node, status := text(query.RunID), text(query.NodeID), text(query.Status)
	since := text(query.Since)
	at, id := text(query.After[CreatedAt]), text(query.After[ResultID])
	defer freeText(run, node, status, since, at, id)
	var records *C.agentrun_records
	var cerr *C.agentrun_error
	r := C.agrgo_store_list(&records, s.ptr, run, node, status, since,
		C.size_t(max(limit, 0)), C.size_t(max(query.Offset, 0)), at, id, &cerr)
	if r < 0 {
		return nil, takeError(r, cerr)
	}
	defer C.agentrun_records_free(records)
	var flat C.agrgo_flat
	if r := C.agrgo_records_flatten(&flat, records); r < 0 {
		return nil, takeError(r, nil)
	}
	return takeRecords(&flat), nil
}

// Migrate brings the tables of a backend to the shape that this version wants.
func (s *Store) Migrate() error {
	if err := s.refs.acquire(); err != nil {
		return err
	}
	defer s.refs.release()
	var cerr *C.agentrun_error
	r := C.agentrun_store_migrate(s.ptr, &cerr)
	return takeError(r, cerr)
}

// Collect removes the records that were created before (the zero time: none), then the
// blobs that no record names and that nobody put within grace. It tells how many.
func (s *Store) Collect(before time.Time, grace time.Duration) (records, blobs uint64, err error) {
	if err := s.refs.acquire(); err != nil {
		return 0, 0, err
	}
	defer s.refs.release()
	var at *C.char
	if !before.IsZero() {
		at = C.CString(before.UTC().Format("2006-01-02T15:04:05.000Z"))
		defer freeText(at)
	}
	var nr, nb C.uint64_t
	var cerr *C.agentrun_error
	r := C.agrgo_store_collect(&nr, &nb, s.ptr, at, C.int64_t(grace.Milliseconds()), &cerr)
	return uint64(nr), uint64(nb), takeError(r, cerr)
}

// Reader reads what [Store.Get] gives, in parts. Close it. One goroutine at a time.
func (s *Store) Reader(ref string) (io.ReadCloser, error) {
	if err := CheckText(ref); err != nil {
		return nil, err
	}
	if err := s.refs.acquire(); err != nil {
		return nil, err
	}
	cref := C.CString(ref)
	defer freeText(cref)
	var cerr *C.agentrun_error
	out := &storeReader{store: s}
	var ptr *C.agentrun_store_reader
	if r := C.agentrun_store_reader_new(&ptr, s.ptr, cref, &cerr); r < 0 {
		s.refs.release()
		return nil, takeError(r, cerr)
	}
	out.ptr = ptr
	runtime.SetFinalizer(out, (*storeReader).Close)
	return out, nil
}

type storeReader struct {
	store *Store
	ptr   *C.agentrun_store_reader
}

func (r *storeReader) Read(p []byte) (int, error) {
	if r.ptr == nil {
		return 0, ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	var n C.size_t
	var cerr *C.agentrun_error
	code := C.agentrun_store_reader_read(r.ptr, lend(p), C.size_t(len(p)), &n, &cerr)
	runtime.KeepAlive(r)
	if code < 0 {
		return 0, takeError(code, cerr)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return int(n), nil
}

func (r *storeReader) Close() error {
	if r.ptr != nil {
		runtime.SetFinalizer(r, nil)
		C.agentrun_store_reader_free(r.ptr)
		r.ptr = nil
		r.store.refs.release()
	}
	return nil
}

// PutBlobFrom keeps what a reader gives as a blob, however long it is.
func (s *Store) PutBlobFrom(from io.Reader) (ref string, err error) {
	if err := s.refs.acquire(); err != nil {
		return "", err
	}
	defer s.refs.release()
	var writer *C.agentrun_store_writer
	var cerr *C.agentrun_error
	if r := C.agentrun_store_writer_new(&writer, s.ptr, &cerr); r < 0 {
		return "", takeError(r, cerr)
	}
	defer C.agentrun_store_writer_free(writer)
	if _, err := io.Copy(blobWriter{writer}, from); err != nil {
		return "", err
	}
	var buf C.agentrun_buf
	if r := C.agentrun_store_writer_finish(&buf, writer, &cerr); r < 0 {
		return "", takeError(r, cerr)
	}
	return string(takeBuf(&buf)), nil
}

type blobWriter struct{ ptr *C.agentrun_store_writer }

func (w blobWriter) Write(p []byte) (int, error) {
	var cerr *C.agentrun_error
	if r := C.agentrun_store_writer_add(w.ptr, lend(p), C.size_t(len(p)), &cerr); r < 0 {
		return 0, takeError(r, cerr)
	}
	return len(p), nil
}
