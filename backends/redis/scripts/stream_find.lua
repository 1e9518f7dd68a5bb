-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- A step of the search for a job. ARGV: group, base, job id, where (jobs, hand, dead),
-- from which entry on ("-": the first), cancel it?
-- Gives the entry to go on from ("": that was all), and whether it was found.
local id, where, from, cancel = ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1'
-- A slash is written with a backslash by some, and without by others.
local escaped = cjson.encode(id)
local needle = escaped:gsub('\\/', '/')
local STEP, found, on = 1000, false, ''

local function says(fields, name, text)
	for i = 1, #fields, 2 do
		if fields[i] == name and text(fields[i + 1]) then return true end
	end
end

local function is_it(text)
	if not (text:find(needle, 1, true) or text:find(escaped, 1, true)) then return false end
	if #text > 1048576 then return true end
	local ok, token = pcall(cjson.decode, text)
	return not ok or (type(token) == 'table' and token.id == id)
end

local function look(stream, name, test)
	local entries = call('XRANGE', stream, from, '+', 'COUNT', STEP)
	for _, entry in ipairs(entries) do
		if says(entry[2], name, test) then found = true end
	end
	if #entries == STEP then on = '(' .. entries[STEP][1] end
end

if where == 'jobs' then
	if from == '-' and call('EXISTS', STREAM) == 1 then
		for _, group in ipairs(call('XINFO', 'GROUPS', STREAM)) do
			local info = {}
			for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
			if info.name == GROUP then from = '(' .. info['last-delivered-id'] end
		end
	end
	look(STREAM, 'token', is_it)
elseif where == 'hand' then
	local pending = with_group('XPENDING', STREAM, GROUP, from, '+', STEP)
	for _, one in ipairs(pending) do
		local entry = call('XRANGE', STREAM, one[1], one[1])
		if entry[1] and says(entry[1][2], 'token', is_it) then found = true end
	end
	if #pending == STEP then on = '(' .. pending[STEP][1] end
else
	look(DEAD, 'job_id', function(text) return text == id end)
end
if found and cancel then call('ZADD', CANCELLED, NOW, id) end
return { on, found and 1 or 0 }
