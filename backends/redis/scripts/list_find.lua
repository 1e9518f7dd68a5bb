-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- A step of the search for a job. ARGV: base, job id, where (jobs, delayed, hand, dead),
-- from which item on, cancel it?
-- Gives the item to go on from (-1: that was all), and whether it was found.
local id, where, from, cancel = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
-- A slash is written with a backslash by some, and without by others.
local escaped = cjson.encode(id)
local needle = escaped:gsub('\\/', '/')
local STEP, found, on = 1000, false, -1

local function is_it(text)
	if not (text:find(needle, 1, true) or text:find(escaped, 1, true)) then return false end
	if #text > 1048576 then return true end
	local ok, job = pcall(cjson.decode, text)
	return not ok or (type(job) == 'table' and job.job_id == id)
end

local function look(items)
	for _, item in ipairs(items) do
		if is_it(item) then found = true end
	end
	return #items == STEP and from + STEP or -1
end

if where == 'jobs' then
	-- From the end: what is taken meanwhile leaves at the front.
	on = look(call('LRANGE', JOBS, -from - STEP, -from - 1))
elseif where == 'delayed' then
	local items = call('ZRANGE', DELAYED, from, from + STEP - 1)
	for i, item in ipairs(items) do items[i] = item:match('\n(.*)$') or '' end
	on = look(items)
elseif where == 'hand' then
	for _, consumer in ipairs(call('ZRANGE', CONSUMERS, 0, -1)) do
		look(call('LRANGE', processing(consumer), 0, -1))
	end
else
	local head = '{"job_id":' .. needle .. ','
	local items = call('LRANGE', DEAD, from, from + STEP - 1)
	for _, item in ipairs(items) do
		if item:sub(1, #head) == head then found = true end
	end
	on = #items == STEP and from + STEP or -1
end
if found and cancel then call('ZADD', CANCELLED, NOW, id) end
return { on, found and 1 or 0 }
