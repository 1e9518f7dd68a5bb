-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- needs list_return
-- ARGV: base, consumer, first and last number of leases that are of an acquire whose
-- answer was lost: nobody works on them, and the delivery does not count.
for i = tonumber(ARGV[3]), tonumber(ARGV[4]) do
	local token = ARGV[2] .. '/' .. lease_number(i)
	local text = call('HGET', held(ARGV[2]), token)
	local record = text and unpack_record(text)
	if record then
		record.deliveries = math.max(record.deliveries - 1, 0)
		call('HSET', held(ARGV[2]), token, pack(record))
		call('ZADD', LEASES, 'XX', 0, token)
	end
end
return_lapsed()
return_orphans(ARGV[2])
return 1
