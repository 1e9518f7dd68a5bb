// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "tables.h"
*/
import "C"

import "unsafe"

// Lists cross between Go and C flat: texts one behind the other and their lengths, so
// that one crossing carries however many there are.

const unset = ^C.size_t(0) // the length of a text that is not there

// flatText is texts on their way to C, which reads them during one call.
type flatText struct {
	data []byte
	lens []C.size_t
}

func (f *flatText) add(s string) {
	f.data = append(f.data, s...)
	f.lens = append(f.lens, C.size_t(len(s)))
}

func (f *flatText) addBytes(b []byte) {
	f.data = append(f.data, b...)
	f.lens = append(f.lens, C.size_t(len(b)))
}

func (f *flatText) addUnset() { f.lens = append(f.lens, unset) }

func (f *flatText) text() *C.char {
	if len(f.data) == 0 {
		return lend([]byte{})
	}
	return lend(f.data)
}

func (f *flatText) sizes() *C.size_t {
	if len(f.lens) == 0 {
		return &noSize
	}
	return &f.lens[0]
}

var noSize C.size_t

// addRecord adds what a record has of each field that C knows.
func (f *flatText) addRecord(r Record) {
	for i := 0; i < fieldCount; i++ {
		if v, ok := r[Field(i)]; ok {
			f.add(v)
		} else {
			f.addUnset()
		}
	}
}

var fieldCount = int(C.agentrun_record_field_count())

// takeRecords makes records of flat texts, which it frees.
func takeRecords(flat *C.agrgo_flat) []Record {
	out := readRecords(flat)
	C.agrgo_flat_dispose(flat)
	return out
}

func readRecords(flat *C.agrgo_flat) []Record {
	// One string, and the fields are parts of it.
	all := string(unsafe.Slice((*byte)(unsafe.Pointer(flat.text.data)), int(flat.text.len)))
	lens := unsafe.Slice(flat.lens, int(flat.n))
	out := make([]Record, len(lens)/fieldCount)
	for i := range out {
		out[i] = Record{}
		for f := 0; f < fieldCount; f++ {
			n := lens[i*fieldCount+f]
			if n == unset {
				continue
			}
			out[i][Field(f)] = all[:n]
			all = all[n:]
		}
	}
	return out
}

// view is bytes of C, for as long as C lends them.
func view(p *C.char, n C.size_t) []byte {
	if p == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n))
}
