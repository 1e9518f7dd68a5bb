-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: base, consumer, how many, lease, the queue's own lease, number of the first
-- lease, bytes after which no more is taken, messages that a BLMOVE has moved.
-- Gives: ms until something is due, how many are cancelled, then five for each job:
-- payload, lease, deliveries (this one not counted), retries, when it came.
local consumer, many, lease, own = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]),
	tonumber(ARGV[5])
local number, bytes = tonumber(ARGV[6]), tonumber(ARGV[7])
local out, taken = { 0, 0 }, 0

call('ZADD', CONSUMERS, NOW + math.max(own, 1000), consumer)

-- What was landed is ours if it is still there.
local landed = {}
for i = 8, #ARGV do
	if call('LPOS', processing(consumer), ARGV[i]) then landed[#landed + 1] = ARGV[i] end
end
local place, returned = popped(), nil

local function take(payload)
	local digest = redis.sha1hex(payload)
	place = place + 1
	local record = { digest = digest, deliveries = 0, retries = 0, enqueued = 0,
		position = place }
	if returned > 0 then
		local text = call('HGET', RETURNED, digest)
		record = text and unpack_record(text) or record
		if text then call('HDEL', RETURNED, digest) end
	end
	local token = consumer .. '/' .. string.format('%.0f', number + taken)
	taken = taken + 1
	local n = #out
	out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5] = payload, token,
		record.deliveries, record.retries, record.enqueued
	record.deliveries = record.deliveries + 1
	if record.enqueued == 0 then record.enqueued = NOW end
	call('HSET', held(consumer), token, pack(record))
	call('ZADD', LEASES, NOW + lease, token)
	call('ZADD', POSITIONS, record.position, token)
	bytes = bytes - #payload
end

returned = call('HLEN', RETURNED)
for _, payload in ipairs(landed) do take(payload) end
call('SET', POPPED, string.format('%.0f', place))
return_lapsed()
return_due()
sweep(own)
place, returned = popped(), call('HLEN', RETURNED)
while taken < many and bytes > 0 do
	local payload = call('LMOVE', JOBS, processing(consumer), 'LEFT', 'RIGHT')
	if not payload then break end
	take(payload)
end
call('SET', POPPED, string.format('%.0f', place))
if call('EXISTS', DONE) == 1 then
	local first = call('ZRANGE', POSITIONS, 0, 0, 'WITHSCORES')
	local low = math.min(place + 1, tonumber(first[2] or place + 1))
	call('ZREMRANGEBYSCORE', DONE, '-inf', '(' .. string.format('%.0f', low))
end
out[1], out[2] = next_due(), call('ZCARD', CANCELLED)
return out
