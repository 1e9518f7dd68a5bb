// SPDX-License-Identifier: LicenseRef-agentrun-internal

//go:build race

package agentrun

func init() { raced = true }
