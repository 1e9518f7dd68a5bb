// SPDX-License-Identifier: LicenseRef-agentrun-internal

package conformance

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/internal/memory"
)

func report(t *testing.T, n *int) Report {
	return func(check, failure string) {
		*n++
		if failure != "" {
			t.Errorf("%s: %s", check, failure)
		}
	}
}

// only is a backend without what it may have beyond the mandatory methods.
type only struct{ agentrun.StoreBackend }

func TestStore(t *testing.T) {
	var backend *memory.Store
	reset := func() { backend = &memory.Store{} }
	reset()
	for name, open := range map[string]func(agentrun.StoreOptions) (*agentrun.Store, error){
		"all": func(o agentrun.StoreOptions) (*agentrun.Store, error) { return agentrun.NewStore("go", backend, o) },
		"only": func(o agentrun.StoreOptions) (*agentrun.Store, error) {
			return agentrun.NewStore("go", only{backend}, o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			err := CheckStore(Store{Open: open, Reset: reset, Durable: true, Report: report(t, &n)})
			if err != nil || n < 20 {
				t.Errorf("%d checks, %v", n, err)
			}
		})
	}
}

func TestQueue(t *testing.T) {
	n := 0
	err := CheckQueue(Queue{
		Open: func(lease time.Duration, maxDeliveries int) (*agentrun.Queue, error) {
			return agentrun.NewQueue("go", memory.NewQueue(lease, maxDeliveries))
		},
		Wakes:  true,
		Report: report(t, &n),
	})
	if err != nil || n < 20 {
		t.Errorf("%d checks, %v", n, err)
	}
}

// The library's own, through Go and back.
func TestOwn(t *testing.T) {
	n := 0
	err := CheckStore(Store{
		Open:   func(o agentrun.StoreOptions) (*agentrun.Store, error) { return agentrun.NewMemoryStore(o.MaxInline) },
		Report: report(t, &n),
	})
	if err != nil || n == 0 {
		t.Errorf("%d checks, %v", n, err)
	}
}

// A backend that does not do what it must is found out; one that panics, too.
func TestFaults(t *testing.T) {
	err := CheckStore(Store{
		Open: func(o agentrun.StoreOptions) (*agentrun.Store, error) {
			return agentrun.NewStore("bad", forgetful{&memory.Store{}}, o)
		},
	})
	if err == nil {
		t.Error("a store that forgets passed")
	}
	err = CheckQueue(Queue{Open: func(time.Duration, int) (*agentrun.Queue, error) { return nil, errors.New("no") }})
	if err == nil {
		t.Error("a queue that cannot be opened passed")
	}
	err = CheckQueue(Queue{Open: func(time.Duration, int) (*agentrun.Queue, error) { panic("no") }})
	if err == nil {
		t.Error("a queue whose Open panics passed")
	}
}

// FailNow in a Report or a Reset ends the test when the suite is done with.
func TestReportEnds(t *testing.T) {
	open := func(o agentrun.StoreOptions) (*agentrun.Store, error) { return agentrun.NewMemoryStore(o.MaxInline) }
	for name, store := range map[string]Store{
		"report": {Open: open, Report: func(string, string) { runtime.Goexit() }},
		"reset":  {Open: open, Reset: runtime.Goexit},
	} {
		returned := false
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = CheckStore(store)
			returned = true
		}()
		<-done
		if returned {
			t.Errorf("%s: CheckStore returned", name)
		}
	}
	if err := CheckQueue(Queue{Open: func(time.Duration, int) (*agentrun.Queue, error) {
		runtime.Goexit()
		return nil, nil
	}}); err == nil {
		t.Error("a queue whose Open ends its goroutine passed")
	}
}

type forgetful struct{ *memory.Store }

func (forgetful) Get(agentrun.Field, string) (agentrun.Record, error) { panic("forgotten") }
