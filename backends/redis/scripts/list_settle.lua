-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: the jobs, the result. ARGV: base, lease, job id, payload, what becomes of it
-- (accept, release, reject), delay, is it a retry?, reason, is there a result?, result,
-- how long that stays.
-- Gives 1, or 0 where the lease is not held any more.
local token, id, payload, action = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local delay, is_retry, reason = tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
local consumer = token:match('^(.*)/') or ''
local text = call('HGET', held(consumer), token)
local record = text and unpack_record(text)

if not record then return call('ZSCORE', SETTLED, token) and 1 or 0 end
call('ZADD', SETTLED, NOW, token)

-- Was a result of this id given while this message was in line or in hand already?
local function is_second()
	local mark = id ~= '' and call('ZSCORE', DONE, id)
	return mark and tonumber(mark) >= record.position
end

local function publish()
	if id == '' or ARGV[9] ~= '1' or is_second() then return end
	call('DEL', KEYS[2])
	call('RPUSH', KEYS[2], ARGV[10])
	call('PEXPIRE', KEYS[2], ARGV[11])
end

if action == 'release' then
	if is_retry then
		record.retries, record.deliveries = record.retries + 1, 0
	else
		record.deliveries = record.deliveries - 1
	end
	if is_retry and delay == 0 then
		record.position = popped() + call('RPUSH', JOBS, payload)
		call('HSET', RETURNED, record.digest, pack(record))
	elseif delay > 0 then
		call('ZADD', DELAYED, NOW + delay, string.format('%s %d %d %.0f\n', token,
			record.retries, record.deliveries, record.enqueued) .. payload)
	else
		call('LPUSH', JOBS, payload)
		call('DECR', POPPED)
		call('HSET', RETURNED, record.digest, pack(record))
	end
else
	if action == 'reject' then
		call('RPUSH', DEAD, '{"job_id":' .. cjson.encode(id) .. ',"reason":' ..
			cjson.encode(reason) .. string.format(
			',"deliveries":%d,"retries":%d,"dead_at":%.0f,"payload":',
			record.deliveries, record.retries, NOW) .. cjson.encode(payload) .. '}')
	end
	publish()
	if id ~= '' then
		call('ZREM', CANCELLED, id)
		call('UNLINK', BASE .. ':journal:' .. id)
	end
end
call('LREM', processing(consumer), 1, payload)
call('HDEL', held(consumer), token)
call('ZREM', LEASES, token)
call('ZREM', POSITIONS, token)
if action == 'accept' and id ~= '' then
	local left = call('LLEN', JOBS)
	if left > 0 or call('EXISTS', POSITIONS) == 1 then
		call('ZADD', DONE, popped() + left, id)
	end
end
return 1
