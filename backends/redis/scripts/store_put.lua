-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: the record-of of each job. ARGV: base, then for each record: result id, created
-- (ms), how many words follow, names and values.
-- Gives the result ids that are kept.
--
-- A record is whole and listed before anything of others' names is touched, which may
-- fail: a record that nothing names would stay for ever. What fails for one is told, and
-- done for the others.
local call = redis.call
local BASE = ARGV[1]
local INDEX = BASE .. ':records'
local out, places, members, outputs = {}, {}, {}, {}
local known = call('MGET', unpack(KEYS))

local function record(id) return BASE .. ':record:' .. id end

local function list()
	if #places == 0 then return end
	call('MSET', unpack(places))
	call('ZADD', INDEX, unpack(members))
	places, members = {}, {}
end

-- One that was kept before, and did not complete, makes room.
local function forget(id)
	local member = call('HGET', record(id), '#')
	call('UNLINK', record(id))
	if member then call('ZREM', INDEX, member) end
end

local function put(key, id, created, words)
	-- So that those of one time are listed by their ids.
	local member = ':' .. id
	call('HSET', record(id), '#', member, unpack(words))
	places[#places + 1], places[#places + 2] = key, id
	members[#members + 1], members[#members + 2] = created, member
	local fields = {}
	for i = 1, #words, 2 do fields[words[i]] = words[i + 1] end
	if fields.status ~= 'completed' or not (fields.run_id and fields.node_id) then return end
	if fields.cas_id or fields.result_data then
		outputs[#outputs + 1] = { 'context:' .. fields.run_id, fields.node_id .. ':output',
			fields.cas_id or id, not fields.cas_id and fields.result_data }
	end
end

local at, seen = 2, {}
for i, key in ipairs(KEYS) do
	local id, created, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
	if seen[key] then
		list()
		known[i] = call('GET', key)
	end
	seen[key] = true
	local kept = known[i]
	if kept and call('HGET', record(kept), 'status') == 'completed' then
		out[i] = kept
	else
		if kept then forget(kept) end
		put(key, id, created, { unpack(ARGV, at + 3, at + 2 + count) })
		out[i] = id
	end
	at = at + 3 + count
end
list()
local fault
for _, output in ipairs(outputs) do
	if output[4] then call('SET', 'cas:' .. output[3], output[4]) end
	local answer = redis.pcall('HSET', output[1], output[2], output[3])
	fault = fault or (type(answer) == 'table' and answer.err and answer)
end
return fault or out
