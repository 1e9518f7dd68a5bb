-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base. Gives how many wait, are delayed, are leased, are dead.
return { call('LLEN', JOBS), call('ZCARD', DELAYED), call('ZCARD', LEASES),
	call('LLEN', DEAD) }
