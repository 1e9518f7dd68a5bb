-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- needs stream_return
-- ARGV: group, base, consumer, how many, lease, the queue's own lease, number of the
-- first lease, bytes after which no more is taken, entries that an XREADGROUP has
-- taken.
-- Gives: ms until something is due, how many are cancelled, how many have a
-- journal, then five for each job:
-- token, lease, deliveries (this one not counted), retries, when it came.
local consumer, many, lease, own = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]),
	tonumber(ARGV[6])
local number, bytes = tonumber(ARGV[7]), tonumber(ARGV[8])
local out, taken = { 0, 0, 0 }, 0
local leased, leases = {}, {}
local has_retries = call('EXISTS', RETRIES) == 1

call('ZADD', CONSUMERS, NOW + math.max(own, 1000), consumer)

local function take(entry, fields, deliveries)
	local token, text = entry .. '/' .. consumer .. '/' ..
		lease_number(number + taken), ''
	for i = 1, #fields, 2 do
		if fields[i] == 'token' then text = fields[i + 1] end
	end
	taken = taken + 1
	local n = #out
	out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5] = text, token, deliveries,
		has_retries and tonumber(call('HGET', RETRIES, entry) or 0) or 0, time_of(entry)
	leased[#leased + 1], leased[#leased + 2] = entry, token
	leases[#leases + 1], leases[#leases + 2] = NOW + lease, entry
	bytes = bytes - #text
end

-- An entry that somebody has: it is ours now, if it is still there.
local function claim(entry)
	local deliveries = deliveries_of(entry)
	local claimed = deliveries and call('XCLAIM', STREAM, GROUP, consumer, 0, entry)
	if claimed and claimed[1] and claimed[1][2] then
		take(entry, claimed[1][2], deliveries)
	elseif deliveries then
		call('XACK', STREAM, GROUP, entry) -- its text was deleted
	end
	call('ZREM', READY, entry)
end

for i = 9, #ARGV do
	local pending = with_group('XPENDING', STREAM, GROUP, ARGV[i], ARGV[i], 1)
	local fields = call('XRANGE', STREAM, ARGV[i], ARGV[i])
	if pending[1] and pending[1][2] == consumer and fields[1] and
		not call('ZSCORE', LEASES, ARGV[i]) then
		take(ARGV[i], fields[1][2], pending[1][4] - 1)
		call('ZREM', READY, ARGV[i])
	end
end
return_lapsed()
sweep(own)
while taken < many and bytes > 0 do
	local entry = call('ZRANGE', READY, 0, 0)[1]
	if not entry then break end
	claim(entry)
end
local place = tonumber(call('GET', POPPED) or 0)
while taken < many and bytes > 0 do
	local count = math.min(many - taken, 64)
	local read = with_group('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', count,
		'STREAMS', STREAM, '>')
	local entries = read and read[1] and read[1][2] or {}
	for _, entry in ipairs(entries) do
		take(entry[1], entry[2] or {}, 0)
		place = time_of(entry[1])
	end
	if #entries < count then
		place = NOW
		break
	end
end
call('SET', POPPED, string.format('%.0f', place))
call_all('HSET', HELD, leased)
call_all('ZADD', LEASES, leases)
out[1], out[2] = next_due(), call('ZCARD', CANCELLED)
out[3] = call('SCARD', BASE .. ':journals')
return out
