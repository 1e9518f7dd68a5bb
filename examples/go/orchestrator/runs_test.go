// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"fmt"
	"testing"
)

// Nodes without data, of which each has two ways to the one before: a start is met by 2^40 of
// them, and counts once.
func TestSourcesOfDiamonds(t *testing.T) {
	g, r := &graph{}, &run{Nodes: map[string]nodeState{"n0": {ResultRef: "artifact://a"}}}
	edge := func(from, to string) {
		g.Edges = append(g.Edges, struct{ From, To string }{from, to})
	}
	for i := 0; i < 40; i++ {
		from, to := fmt.Sprintf("n%d", i), fmt.Sprintf("n%d", i+1)
		edge(from, to+"a")
		edge(from, to+"b")
		edge(to+"a", to)
		edge(to+"b", to)
	}
	if got := r.sources(g, "n40"); len(got) != 1 || got[0]["node_id"] != "n0" {
		t.Errorf("%v", got)
	}
}
