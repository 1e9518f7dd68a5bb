// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "tables.h"
*/
import "C"

import (
	"io"
	"runtime/cgo"
	"time"
	"unsafe"
)

// StoreBackend keeps records and blobs for a [Store]. The library makes ids, dates and
// digests, and puts large data into blobs; a backend keeps and finds. Its methods are
// called from several threads at once. Byte slices that go in are lent for the call.
//
// An error with a [Code] in it, or an [*Error], keeps that; any other is [ErrStorage].
// ErrBackend says that the backend cannot be reached and nothing was kept. A panic is
// [ErrInternal].
type StoreBackend interface {
	// Put keeps all records or none, durably. Where one of the same JobID is kept, that
	// stays if its Status is "completed", and is replaced otherwise. It returns for each
	// the ResultID that is kept.
	Put(records []Record) (ids []string, err error)
	// Get finds a record by its ResultID or JobID, else ErrNotFound.
	Get(by Field, key string) (Record, error)
	// List finds records, newest first: by CreatedAt, then by ResultID, as text; without
	// ResultData. Of After only those two fields are set, or it is nil.
	List(query Query) ([]Record, error)
	// PutBlob keeps a blob under its hex SHA-256, durably; one that is there is fine.
	PutBlob(hex string, data []byte) error
	// GetBlob reads it, else ErrNotFound.
	GetBlob(hex string) ([]byte, error)
	// Close is called once, when the store is freed.
	Close() error
}

// BlobReaderAt is a [StoreBackend] that reads parts of blobs.
type BlobReaderAt interface {
	// ReadBlobAt is an io.ReaderAt's ReadAt.
	ReadBlobAt(hex string, p []byte, offset int64) (int, error)
}

// BlobUploader is a StoreBackend that takes blobs in parts.
type BlobUploader interface{ NewBlob() (BlobUpload, error) }

// BlobUpload is a blob that comes in parts. It ends with either Finish or Drop.
type BlobUpload interface {
	io.Writer
	Finish(hex string) error // keep it, as PutBlob does
	Drop()
}

// RecordRemover is a StoreBackend that lets [Store.Collect] remove records.
type RecordRemover interface {
	RemoveRecords(createdBefore string) (int, error) // ISO 8601
	// MarkBlobs tells which of the blobs are named by the CASID ("sha256:HEX") of a record.
	MarkBlobs(hexes []string) ([]bool, error)
}

// BlobRemover is a StoreBackend that lets Store.Collect remove blobs.
type BlobRemover interface {
	// ListBlobs gives some of the blobs that were last put before that time, and where
	// to go on: "" at the end. The first cursor is "".
	ListBlobs(cursor string, before time.Time) (hexes []string, next string, err error)
	// RemoveBlob removes one, unless it was put again since.
	RemoveBlob(hex string, before time.Time) (bool, error)
}

// Migrator is a StoreBackend that has something to do in [Store.Migrate].
type Migrator interface{ Migrate() error }

// NewStore makes a store of a backend that is written in Go, which it takes over unless
// it fails. The name appears in messages.
func NewStore(name string, backend StoreBackend, opts StoreOptions) (*Store, error) {
	if backend == nil {
		return nil, &Error{Code: ErrInvalid, Message: "agentrun: there is no backend"}
	}
	if err := CheckText(name); err != nil {
		return nil, err
	}
	if err := checkCounts(opts.MaxInline); err != nil {
		return nil, err
	}
	blobs, err := opts.takeBlobs()
	if err != nil {
		return nil, err
	}
	handle := cgo.NewHandle(backend)
	cname := C.CString(name)
	defer freeText(cname)
	var ptr *C.agentrun_store
	var cerr *C.agentrun_error
	r := C.agrgo_store_new(&ptr, C.uintptr_t(handle), cname, storeExtras(backend),
		C.size_t(opts.MaxInline), blobs, &cerr)
	if r < 0 {
		handle.Delete()
		opts.giveBlobsBack()
		return nil, takeError(r, cerr)
	}
	return StoreOf(unsafe.Pointer(ptr)), nil
}

func storeExtras(backend StoreBackend) (has C.int) {
	if _, ok := backend.(Migrator); ok {
		has |= C.AGRGO_STORE_MIGRATE
	}
	if _, ok := backend.(BlobReaderAt); ok {
		has |= C.AGRGO_STORE_READ
	}
	if _, ok := backend.(BlobUploader); ok {
		has |= C.AGRGO_STORE_UPLOAD
	}
	if _, ok := backend.(RecordRemover); ok {
		has |= C.AGRGO_STORE_KEEP_RECORDS
	}
	if _, ok := backend.(BlobRemover); ok {
		has |= C.AGRGO_STORE_KEEP_BLOBS
	}
	return has
}

// backendOf is the backend that C knows by its handle, as what it can do of it.
func backendOf[T any](handle C.uintptr_t) T { return cgo.Handle(handle).Value().(T) }

//export agrgoClose
func agrgoClose(handle C.uintptr_t) {
	_ = callback(nil, ErrInternal, func() error { return backendOf[io.Closer](handle).Close() })
	agrgoDelete(handle)
}

//export agrgoStorePut
func agrgoStorePut(handle C.uintptr_t, ids *C.agentrun_buf, flat *C.agrgo_flat, n C.size_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		kept, err := backendOf[StoreBackend](handle).Put(readRecords(flat))
		if err != nil {
			return err
		}
		if len(kept) != int(n) {
			return &Error{Code: ErrInternal, Message: "Put returned too few or too many ids"}
		}
		var out flatText
		for _, id := range kept {
			out.add(id)
		}
		return setBufs(ids, &out)
	})
}

// setBufs fills as many buffers of C as there are texts.
func setBufs(bufs *C.agentrun_buf, texts *flatText) error {
	var cerr *C.agentrun_error
	r := C.agrgo_bufs_set(bufs, texts.text(), texts.sizes(), C.size_t(len(texts.lens)), &cerr)
	return takeError(r, cerr)
}

func setBuf(buf *C.agentrun_buf, data []byte) error {
	if C.agentrun_buf_set(buf, lend(data), C.size_t(len(data))) < 0 {
		return ErrNoMemory
	}
	return nil
}

//export agrgoStoreGet
func agrgoStoreGet(handle C.uintptr_t, into *C.agentrun_record, by C.int, key *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		record, err := backendOf[StoreBackend](handle).Get(Field(by), C.GoString(key))
		if err != nil {
			return err
		}
		var flat flatText
		flat.addRecord(record)
		var cerr *C.agentrun_error
		r := C.agrgo_record_fill(into, flat.text(), flat.sizes(), C.size_t(fieldCount), &cerr)
		return takeError(r, cerr)
	})
}

//export agrgoStoreList
func agrgoStoreList(handle C.uintptr_t, into *C.agentrun_records, q *C.agentrun_store_query, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		query := Query{
			RunID:  C.GoString(q.run_id),
			NodeID: C.GoString(q.node_id),
			Status: C.GoString(q.status),
			Since:  C.GoString(q.since),
			Limit:  int(q.limit),
			Offset: int(q.offset),
		}
		if q.limit == 0 {
			query.Limit = -1
		}
		if q.after_created_at != nil {
			query.After = Record{CreatedAt: C.GoString(q.after_created_at), ResultID: C.GoString(q.after_result_id)}
		}
		records, err := backendOf[StoreBackend](handle).List(query)
		if err != nil {
			return err
		}
		var flat flatText
		for _, record := range records {
			flat.addRecord(record)
		}
		var cerr *C.agentrun_error
		r := C.agrgo_records_fill(into, flat.text(), flat.sizes(),
			C.size_t(len(records)), C.size_t(fieldCount), &cerr)
		return takeError(r, cerr)
	})
}

//export agrgoStorePutBlob
func agrgoStorePutBlob(handle C.uintptr_t, hex, data *C.char, n C.size_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		return backendOf[StoreBackend](handle).PutBlob(C.GoString(hex), view(data, n))
	})
}

//export agrgoStoreGetBlob
func agrgoStoreGetBlob(handle C.uintptr_t, out *C.agentrun_buf, hex *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		data, err := backendOf[StoreBackend](handle).GetBlob(C.GoString(hex))
		if err != nil {
			return err
		}
		return setBuf(out, data)
	})
}

//export agrgoStoreMigrate
func agrgoStoreMigrate(handle C.uintptr_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error { return backendOf[Migrator](handle).Migrate() })
}

//export agrgoStoreReadBlob
func agrgoStoreReadBlob(handle C.uintptr_t, hex *C.char, offset C.uint64_t, to *C.char, room C.size_t, n *C.size_t, cerr **C.agentrun_error) C.int {
	*n = 0
	return callback(cerr, ErrStorage, func() error {
		p := view(to, room)
		got, err := backendOf[BlobReaderAt](handle).ReadBlobAt(C.GoString(hex), p, int64(offset))
		switch {
		case err != nil && err != io.EOF:
			return err
		case got < 0 || got > len(p):
			return errBadCount
		}
		*n = C.size_t(got)
		return nil
	})
}

//export agrgoStoreBlobBegin
func agrgoStoreBlobBegin(handle C.uintptr_t, upload *C.uintptr_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		u, err := backendOf[BlobUploader](handle).NewBlob()
		if err == nil {
			*upload = C.uintptr_t(cgo.NewHandle(u))
		}
		return err
	})
}

//export agrgoStoreBlobAdd
func agrgoStoreBlobAdd(upload C.uintptr_t, data *C.char, n C.size_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		return writeAll(backendOf[BlobUpload](upload), view(data, n))
	})
}

//export agrgoStoreBlobFinish
func agrgoStoreBlobFinish(upload C.uintptr_t, hex *C.char, cerr **C.agentrun_error) C.int {
	defer agrgoDelete(upload)
	return callback(cerr, ErrStorage, func() error {
		return backendOf[BlobUpload](upload).Finish(C.GoString(hex))
	})
}

//export agrgoStoreBlobDrop
func agrgoStoreBlobDrop(upload C.uintptr_t) {
	_ = callback(nil, ErrStorage, func() error {
		backendOf[BlobUpload](upload).Drop()
		return nil
	})
	agrgoDelete(upload)
}

//export agrgoStoreRemoveRecords
func agrgoStoreRemoveRecords(handle C.uintptr_t, removed *C.uint64_t, before *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		n, err := backendOf[RecordRemover](handle).RemoveRecords(C.GoString(before))
		*removed = C.uint64_t(n)
		return err
	})
}

const digestSize = 64

func splitDigests(p *C.char, n int) []string {
	all := C.GoStringN(p, C.int(n*digestSize))
	out := make([]string, n)
	for i := range out {
		out[i] = all[i*digestSize : (i+1)*digestSize]
	}
	return out
}

//export agrgoStoreMarkBlobs
func agrgoStoreMarkBlobs(handle C.uintptr_t, digests *C.char, n C.size_t, named *C.uchar, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		marks, err := backendOf[RecordRemover](handle).MarkBlobs(splitDigests(digests, int(n)))
		if err != nil {
			return err
		}
		if len(marks) != int(n) {
			return &Error{Code: ErrInternal, Message: "MarkBlobs returned too few or too many marks"}
		}
		out := unsafe.Slice(named, int(n))
		for i, is := range marks {
			if is {
				out[i] = 1
			}
		}
		return nil
	})
}

//export agrgoStoreListBlobs
func agrgoStoreListBlobs(handle C.uintptr_t, digests, cursor *C.agentrun_buf, beforeMS C.int64_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		from := string(view(cursor.data, cursor.len))
		hexes, next, err := backendOf[BlobRemover](handle).ListBlobs(from, time.UnixMilli(int64(beforeMS)))
		if err != nil {
			return err
		}
		for _, hex := range hexes {
			if C.agentrun_buf_append(digests, lendString(hex), C.size_t(len(hex))) < 0 {
				return ErrNoMemory
			}
		}
		return setBuf(cursor, []byte(next))
	})
}

//export agrgoStoreRemoveBlob
func agrgoStoreRemoveBlob(handle C.uintptr_t, hex *C.char, beforeMS C.int64_t, removed *C.int, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		gone, err := backendOf[BlobRemover](handle).RemoveBlob(C.GoString(hex), time.UnixMilli(int64(beforeMS)))
		*removed = flag(gone)
		return err
	})
}
