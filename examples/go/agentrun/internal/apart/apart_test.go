// SPDX-License-Identifier: LicenseRef-agentrun-internal

package apart

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	if e := Run(func() {}); e != nil {
		t.Errorf("returned: %v", e)
	}
	if e := Run(func() { panic("on purpose") }); e == nil || e.Exited || e.Panic != "on purpose" || !strings.Contains(e.Error(), "on purpose") {
		t.Errorf("panicked: %v", e)
	}
	if e := Run(runtime.Goexit); e == nil || !e.Exited || !strings.Contains(e.Error(), "Goexit") {
		t.Errorf("exited: %v", e)
	}
	var none *runtime.PanicNilError
	if e := Run(func() { panic(nil) }); e == nil || e.Exited || !errors.As(e.Panic.(error), &none) {
		t.Errorf("panicked with nil: %v", e)
	}
}

func TestAgain(t *testing.T) {
	for _, f := range []func(){func() {}, func() { panic("on purpose") }, runtime.Goexit} {
		first := Run(f)
		second := Run(func() { first.Again() })
		if (first == nil) != (second == nil) || first != nil && *first != *second {
			t.Errorf("%v, then %v", first, second)
		}
	}
}
