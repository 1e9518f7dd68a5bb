// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package apart calls functions of who uses the library away from the frames of C that
// asked for it. A panic that unwound those would leave what they hold as it is, locks and
// threads among it. A function that ends its goroutine (runtime.Goexit, which FailNow of a
// test is) would, too, and that cannot be stopped from within: so it has a goroutine of
// its own to end.
package apart

import (
	"fmt"
	"runtime"
)

// Ending is how a function ended that did not return.
type Ending struct {
	Panic  any  // what it panicked with
	Exited bool // it ended its goroutine
}

func (e *Ending) Error() string {
	if e.Exited {
		return "it ended its goroutine (runtime.Goexit, or FailNow of a test)"
	}
	return fmt.Sprintf("panic: %v", e.Panic)
}

// Again ends the caller likewise, where e is not nil.
func (e *Ending) Again() {
	if e == nil {
		return
	}
	if e.Exited {
		runtime.Goexit()
	}
	panic(e.Panic)
}

// Watch calls f, and then in any case `then`, with nil where f returned.
func Watch(f func(), then func(*Ending)) {
	ending := &Ending{Exited: true}
	defer func() {
		if v := recover(); v != nil {
			ending = &Ending{Panic: v}
		}
		then(ending)
	}()
	f()
	ending = nil
}

// Run calls f on a goroutine of its own and waits for its end.
func Run(f func()) *Ending {
	done := make(chan *Ending, 1)
	go Watch(f, func(e *Ending) { done <- e })
	return <-done
}
