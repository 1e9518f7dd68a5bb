-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: group, base, consumer, first and last number of leases that are of an acquire
-- whose answer was lost: nobody works on them, and the delivery does not count.
local pending = with_group('XPENDING', STREAM, GROUP, '-', '+', 5000, ARGV[3])
for _, one in ipairs(pending) do
	local entry = one[1]
	local token = call('HGET', HELD, entry)
	local number = token and tonumber(token:match('/(%d+)$'))
	local mine = token and token:match('/(.*)/') == ARGV[3]
	if not token and not call('ZSCORE', READY, entry) and not call('ZSCORE', DELAYED, entry) or
		(mine and number >= tonumber(ARGV[4]) and number <= tonumber(ARGV[5])) then
		make_ready(entry)
		call('XCLAIM', STREAM, GROUP, ARGV[3], 0, entry, 'RETRYCOUNT',
			math.max(one[4] - 1, 0), 'JUSTID')
		call('HDEL', HELD, entry)
		call('ZREM', LEASES, entry)
	end
end
return 1
