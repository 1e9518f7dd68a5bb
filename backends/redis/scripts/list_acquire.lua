-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- needs list_return
-- ARGV: base, consumer, how many, lease, the queue's own lease, number of the first
-- lease, bytes after which no more is taken, messages that a BLMOVE has moved.
-- Gives: ms until something is due, how many are cancelled, how many have a
-- journal, then five for each job:
-- payload, lease, deliveries (this one not counted), retries, when it came.
local consumer, many, lease, own = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]),
	tonumber(ARGV[5])
local number, bytes = tonumber(ARGV[6]), tonumber(ARGV[7])
local out, taken = { 0, 0, 0 }, 0

call('ZADD', CONSUMERS, NOW + math.max(own, 1000), consumer)

-- What was landed is ours if it is still there.
local landed = {}
for i = 8, #ARGV do
	if call('LPOS', processing(consumer), ARGV[i]) then landed[#landed + 1] = ARGV[i] end
end
local place, returned = popped(), nil
local records, leases = {}, {}
local FRESH = string.format(' 1 0 %.0f ', NOW)

local function take(payload)
	local digest = redis.sha1hex(payload)
	local token = consumer .. '/' .. lease_number(number + taken)
	local deliveries, retries, enqueued, text = 0, 0, 0, nil
	place = place + 1
	taken = taken + 1
	if returned > 0 then text = call('HGET', RETURNED, digest) end
	local record = text and unpack_record(text)
	if record then
		call('HDEL', RETURNED, digest)
		deliveries, retries, enqueued = record.deliveries, record.retries, record.enqueued
		record.deliveries = deliveries + 1
		text = pack(record)
	else
		text = digest .. FRESH .. place
	end
	local n = #out
	out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5] = payload, token,
		deliveries, retries, enqueued
	n = #records
	records[n + 1], records[n + 2] = token, text
	leases[n + 1], leases[n + 2] = NOW + lease, token
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
call_all('HSET', held(consumer), records)
call_all('ZADD', LEASES, leases)
out[1], out[2] = next_due(), call('ZCARD', CANCELLED)
out[3] = call('SCARD', BASE .. ':journals')
return out
