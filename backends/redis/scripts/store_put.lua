-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: the job's record-of. ARGV: base, result id, job id, created (ms), then names and
-- values.
-- Gives the result id that is kept.
local call = redis.call
local BASE, id, created = ARGV[1], ARGV[2], ARGV[4]
local INDEX = BASE .. ':records'
local function record(name) return BASE .. ':record:' .. name end

local fields = {}
for i = 5, #ARGV, 2 do fields[ARGV[i]] = ARGV[i + 1] end
local kept = call('GET', KEYS[1])
if kept and call('HGET', record(kept), 'status') == 'completed' then return kept end
if kept then
	local member = call('HGET', record(kept), '#')
	call('UNLINK', record(kept))
	if member then call('ZREM', INDEX, member) end
end
-- So that those of one time are listed by their ids.
local member = ':' .. id
call('HSET', record(id), '#', member, unpack(ARGV, 5))
call('SET', KEYS[1], id)
call('ZADD', INDEX, created, member)
if fields.status == 'completed' and fields.run_id and fields.node_id then
	local ref = fields.cas_id
	if not ref and fields.result_data then
		ref = id
		call('SET', 'cas:' .. id, fields.result_data)
	end
	if ref then
		call('HSET', 'context:' .. fields.run_id, fields.node_id .. ':output', ref)
	end
end
return id
