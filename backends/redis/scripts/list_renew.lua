-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base, the queue's own lease, then three for each job: lease, id, how long.
-- Gives for each: 0 it is lost, 1 it is held, 2 it is held and cancelled.
local out, beaten = {}, {}
local cancelled = call('ZCARD', CANCELLED) > 0
for i = 3, #ARGV, 3 do
	local token, id = ARGV[i], ARGV[i + 1]
	local consumer = token:match('^(.*)/') or ''
	local state = 0
	if not beaten[consumer] then
		call('ZADD', CONSUMERS, 'GT', NOW + math.max(tonumber(ARGV[2]), 1000), consumer)
		beaten[consumer] = true
	end
	if call('HEXISTS', held(consumer), token) == 1 then
		call('ZADD', LEASES, NOW + tonumber(ARGV[i + 2]), token)
		state = cancelled and call('ZSCORE', CANCELLED, id) and 2 or 1
	end
	out[#out + 1] = state
end
return out
