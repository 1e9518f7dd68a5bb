-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- needs list_return
-- ARGV: base, consumer: it ends. What it has in hand without a lease goes back; what it
-- has under a lease lapses in its time.
return_orphans(ARGV[2])
if call('EXISTS', processing(ARGV[2]), held(ARGV[2])) == 0 then
	call('ZREM', CONSUMERS, ARGV[2])
end
return 1
