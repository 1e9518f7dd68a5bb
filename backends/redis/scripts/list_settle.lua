-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- needs settled
-- KEYS: the jobs, then a result a job. ARGV: base, how long results stay, the name of
-- this call (the same when it is made again for want of an answer) and, a line each, of
-- those that may have settled the same, then nine for each job: lease, job id, payload,
-- what becomes of it (accept, release, reject), delay, is it a retry?, the dead letter, is
-- there a result?, result.
-- Gives for each 1, 0 where the lease is not held any more, or the error.
local HEAD, PER_JOB = 3, 9
local ttl, count = ARGV[2], #KEYS - 1
local NAMES = ARGV[3]
local SETTLED = BASE .. ':settled:' .. NAMES:match('^[^\n]*')
local tokens, ids, out, known = {}, {}, {}, {}
local records, gone, accepted = {}, {}, {}

local by_consumer = {}
for i = 1, count do
	local at = HEAD + (i - 1) * PER_JOB
	tokens[i], ids[i] = ARGV[at + 1], ARGV[at + 2]
	local consumer = tokens[i]:match('^(.*)/') or ''
	by_consumer[consumer] = by_consumer[consumer] or { at = {}, tokens = {} }
	table.insert(by_consumer[consumer].at, i)
	table.insert(by_consumer[consumer].tokens, tokens[i])
end

local before
for consumer, part in pairs(by_consumer) do
	for k, text in ipairs(call('HMGET', held(consumer), unpack(part.tokens))) do
		local i = part.at[k]
		records[i] = text and unpack_record(text)
		if records[i] then
			records[i].consumer = consumer
		else
			before = before or settled_by(NAMES)
			out[i] = before:find(' ' .. tokens[i] .. ' ', 1, true) and 1 or 0
		end
	end
end
-- The first that is written: without memory nothing is.
call('APPEND', SETTLED, ' ')
call('EXPIRE', SETTLED, 600)

-- Which of the ids had a result, and where the line ended by then.
for _, name in ipairs({ DONE, DONE .. ':old' }) do
	if count > 0 and call('EXISTS', name) == 1 then
		for i, mark in ipairs(call('HMGET', name, unpack(ids))) do
			if mark then known[ids[i]] = tonumber(mark) end
		end
	end
end

local function publish(key, id, record, result)
	local mark = known[id]
	if mark and mark >= record.position then return end
	local length = redis.pcall('RPUSH', key, result)
	if type(length) == 'table' then
		if length.err:find('WRONGTYPE', 1, true) then call('DEL', key) end
		length = call('RPUSH', key, result)
	end
	if length > 1 then call('LTRIM', key, -1, -1) end
	call('PEXPIRE', key, ttl)
end

local function release(record, token, payload, delay, is_retry)
	if is_retry then
		record.retries, record.deliveries = record.retries + 1, 0
	else
		record.deliveries = record.deliveries - 1
	end
	if delay > 0 then
		call('ZADD', DELAYED, NOW + delay, string.format('%s %d %d %.0f\n', token,
			record.retries, record.deliveries, record.enqueued) .. payload)
		return
	end
	if is_retry then
		record.position = popped() + call('RPUSH', JOBS, payload)
	else
		call('LPUSH', JOBS, payload)
		call('DECR', POPPED)
	end
	call('HSET', RETURNED, record.digest, pack(record))
end

local function settle(i)
	local at = HEAD + (i - 1) * PER_JOB
	local record, id, payload, action = records[i], ids[i], ARGV[at + 3], ARGV[at + 4]
	if action == 'release' then
		release(record, tokens[i], payload, tonumber(ARGV[at + 5]), ARGV[at + 6] == '1')
	else
		if action == 'reject' then call('RPUSH', DEAD, ARGV[at + 7]) end
		if id ~= '' and ARGV[at + 8] == '1' then
			publish(KEYS[1 + i], id, record, ARGV[at + 9])
		end
		if action == 'accept' and id ~= '' then
			known[id] = math.huge
			accepted[#accepted + 1] = id
		end
		if id ~= '' then gone[#gone + 1] = id end
	end
	call('LREM', processing(record.consumer), 1, payload)
	table.insert(by_consumer[record.consumer], tokens[i])
	return 1
end

local ended = {}
local order = {}
for i = 1, count do
	-- Given back, they stand at the front in the order in which they are here.
	local back = ARGV[HEAD + (i - 1) * PER_JOB + 4] == 'release'
	table.insert(order, back and 1 or #order + 1, i)
end
for _, i in ipairs(order) do
	if records[i] and not out[i] then
		local ok, fault = pcall(settle, i)
		if ok then
			out[i], ended[#ended + 1] = 1, tokens[i]
		else
			local text = type(fault) == 'table' and fault.err or tostring(fault)
			out[i] = redis.error_reply(text)
		end
	end
end
for consumer, part in pairs(by_consumer) do call_all('HDEL', held(consumer), part) end
call_all('ZREM', LEASES, ended)
call('APPEND', SETTLED, table.concat(ended, ' ') .. ' ')
if #gone > 0 then
	if call('EXISTS', CANCELLED) == 1 then call_all('ZREM', CANCELLED, gone) end
	if call('EXISTS', BASE .. ':journals') == 1 then
		for _, id in ipairs(gone) do call('UNLINK', BASE .. ':journal:' .. id) end
		call_all('SREM', BASE .. ':journals', gone)
	end
end
local left = call('LLEN', JOBS)
if #accepted > 0 and (left > 0 or call('EXISTS', LEASES) == 1) then
	local tail = string.format('%.0f', popped() + left)
	local marks = { '', tail }
	for _, id in ipairs(accepted) do
		marks[#marks + 1] = id
		marks[#marks + 1] = tail
	end
	call_all('HSET', DONE, marks)
end
return out
