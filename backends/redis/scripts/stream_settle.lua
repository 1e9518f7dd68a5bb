-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: the stream, the result, the completions. ARGV: group, base, lease, job id, what
-- becomes of it (accept, release, reject), delay, is it a retry?, reason, is there a
-- result?, result, how long that stays, completion.
-- Gives 1, or 0 where the lease is not held any more.
local token, id, action = ARGV[3], ARGV[4], ARGV[5]
local delay, is_retry, reason = tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
local entry = entry_of(token)

if call('HGET', HELD, entry) ~= token then
	return call('ZSCORE', SETTLED, token) and 1 or 0
end
call('ZADD', SETTLED, NOW, token)

-- Was a result of this id given when this entry was there already?
local function is_second()
	local mark = id ~= '' and call('ZSCORE', DONE, id)
	return mark and tonumber(mark) >= time_of(entry)
end

local function publish()
	if ARGV[9] ~= '1' or is_second() then return end
	call('RPUSH', KEYS[3], ARGV[12])
	if id == '' then return end
	call('DEL', KEYS[2])
	call('RPUSH', KEYS[2], ARGV[10])
	call('PEXPIRE', KEYS[2], ARGV[11])
end

local function bury(deliveries)
	local found = call('XRANGE', STREAM, entry, entry)
	local letter = found[1] and found[1][2] or {}
	local more = { 'job_id', id, 'reason', reason, 'deliveries', deliveries,
		'retries', call('HGET', RETRIES, entry) or '0',
		'dead_at', string.format('%.0f', NOW) }
	for _, text in ipairs(more) do letter[#letter + 1] = text end
	call('XADD', DEAD, '*', unpack(letter))
end

if action == 'release' then
	local deliveries, pending = 0, with_group('XPENDING', STREAM, GROUP, entry, entry, 1)
	if is_retry then
		call('HINCRBY', RETRIES, entry, 1)
	elseif pending[1] then
		deliveries = math.max(pending[1][4] - 1, 0)
	end
	if delay > 0 then
		call('ZADD', DELAYED, NOW + delay, entry)
	else
		make_ready(entry)
	end
	if pending[1] then
		call('XCLAIM', STREAM, GROUP, pending[1][2], 0, entry, 'RETRYCOUNT', deliveries,
			'JUSTID')
	end
else
	if action == 'reject' then bury(deliveries_of(entry) or 0) end
	publish()
	with_group('XACK', STREAM, GROUP, entry)
	call('HDEL', RETRIES, entry)
	if id ~= '' then
		call('ZREM', CANCELLED, id)
		call('UNLINK', BASE .. ':journal:' .. id)
		if action == 'accept' then call('ZADD', DONE, NOW, id) end
	end
end
call('HDEL', HELD, entry)
call('ZREM', LEASES, entry)
return 1
