-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: group, base, consumer: it ends. What it has stays with the group until the lease
-- lapses.
for _, one in ipairs(with_group('XPENDING', STREAM, GROUP, '-', '+', 1000, ARGV[3])) do
	local entry = one[1]
	if not (call('HEXISTS', HELD, entry) == 1 or call('ZSCORE', READY, entry) or
		call('ZSCORE', DELAYED, entry)) then
		make_ready(entry)
		call('XCLAIM', STREAM, GROUP, ARGV[3], 0, entry, 'RETRYCOUNT',
			math.max(one[4] - 1, 0), 'JUSTID')
	end
end
if #call('XPENDING', STREAM, GROUP, '-', '+', 1, ARGV[3]) == 0 then
	call('XGROUP', 'DELCONSUMER', STREAM, GROUP, ARGV[3])
	call('ZREM', CONSUMERS, ARGV[3])
end
return 1
