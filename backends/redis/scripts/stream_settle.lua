-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- needs settled
-- KEYS: the stream, the completions, then a result a job. ARGV: group, base, how long
-- results stay, the name of this call (the same when it is made again for want of an
-- answer) and, a line each, of those that may have settled the same, then nine for each
-- job: lease, job id, what becomes of it (accept, release, reject), delay, is it a retry?,
-- reason, is there a result?, result, completion.
-- Gives for each 1, 0 where the lease is not held any more, or the error.
local HEAD, PER_JOB = 4, 9
local COMPLETIONS, ttl, count = KEYS[2], ARGV[3], #KEYS - 2
local NAMES = ARGV[4]
local SETTLED = BASE .. ':settled:' .. NAMES:match('^[^\n]*')
local tokens, entries, ids, out, known = {}, {}, {}, {}, {}
local gone, accepted, ended, named = {}, {}, {}, {}

for i = 1, count do
	local at = HEAD + (i - 1) * PER_JOB
	tokens[i], ids[i] = ARGV[at + 1], ARGV[at + 2]
	entries[i] = entry_of(tokens[i])
end

local before
for i, token in ipairs(count > 0 and call('HMGET', HELD, unpack(entries)) or {}) do
	if token ~= tokens[i] then
		before = before or settled_by(NAMES)
		out[i] = before:find(' ' .. tokens[i] .. ' ', 1, true) and 1 or 0
	end
end
-- The first that is written: without memory nothing is.
call('APPEND', SETTLED, ' ')
call('EXPIRE', SETTLED, 600)

-- Which of the ids had a result, and when.
for _, name in ipairs({ DONE, DONE .. ':old' }) do
	if count > 0 and call('EXISTS', name) == 1 then
		for i, mark in ipairs(call('HMGET', name, unpack(ids))) do
			if mark then known[ids[i]] = tonumber(mark) end
		end
	end
end

local function publish(key, id, entry, result, completion)
	local mark = id ~= '' and known[id]
	if mark and mark >= time_of(entry) then return end
	call('RPUSH', COMPLETIONS, completion)
	if id == '' then return end
	local length = redis.pcall('RPUSH', key, result)
	if type(length) == 'table' then
		if length.err:find('WRONGTYPE', 1, true) then call('DEL', key) end
		length = call('RPUSH', key, result)
	end
	if length > 1 then call('LTRIM', key, -1, -1) end
	call('PEXPIRE', key, ttl)
end

local function release(entry, delay, is_retry)
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
end

local function bury(entry, id, reason)
	local found = call('XRANGE', STREAM, entry, entry)
	local letter = found[1] and found[1][2] or {}
	local more = { 'job_id', id, 'reason', reason, 'deliveries', deliveries_of(entry) or 0,
		'retries', call('HGET', RETRIES, entry) or '0',
		'dead_at', string.format('%.0f', NOW) }
	for _, text in ipairs(more) do letter[#letter + 1] = text end
	call('XADD', DEAD, '*', unpack(letter))
end

local function settle(i)
	local at = HEAD + (i - 1) * PER_JOB
	local entry, id, action = entries[i], ids[i], ARGV[at + 3]
	if action == 'release' then
		release(entry, tonumber(ARGV[at + 4]), ARGV[at + 5] == '1')
	else
		if action == 'reject' then bury(entry, id, ARGV[at + 6]) end
		if ARGV[at + 7] == '1' then
			publish(KEYS[2 + i], id, entry, ARGV[at + 8], ARGV[at + 9])
		end
		if action == 'accept' and id ~= '' then
			known[id] = math.huge
			accepted[#accepted + 1] = id
		end
		if id ~= '' then gone[#gone + 1] = id end
	end
end

local forgotten = {}
for i = 1, count do
	if not out[i] then
		local ok, fault = pcall(settle, i)
		if ok then
			out[i], ended[#ended + 1], named[#named + 1] = 1, entries[i], tokens[i]
			if ARGV[HEAD + (i - 1) * PER_JOB + 3] ~= 'release' then
				forgotten[#forgotten + 1] = entries[i]
			end
		else
			local text = type(fault) == 'table' and fault.err or tostring(fault)
			out[i] = redis.error_reply(text)
		end
	end
end
for i = 1, #forgotten, 4000 do
	with_group('XACK', STREAM, GROUP, unpack(forgotten, i, math.min(i + 3999, #forgotten)))
end
call_all('HDEL', HELD, ended)
call_all('ZREM', LEASES, ended)
call('APPEND', SETTLED, table.concat(named, ' ') .. ' ')
if call('EXISTS', RETRIES) == 1 then call_all('HDEL', RETRIES, forgotten) end
if #gone > 0 then
	if call('EXISTS', CANCELLED) == 1 then call_all('ZREM', CANCELLED, gone) end
	if call('EXISTS', BASE .. ':journals') == 1 then
		for _, id in ipairs(gone) do call('UNLINK', BASE .. ':journal:' .. id) end
		call_all('SREM', BASE .. ':journals', gone)
	end
end
if #accepted > 0 then
	local marks = { '', NOW }
	for _, id in ipairs(accepted) do
		marks[#marks + 1] = id
		marks[#marks + 1] = NOW
	end
	call_all('HSET', DONE, marks)
end
return out
