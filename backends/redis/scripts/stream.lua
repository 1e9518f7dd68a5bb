-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- What every script of stream mode begins with. KEYS[1] is the stream, ARGV[1] the
-- consumer group, ARGV[2] what the other keys begin with. A lease is named
-- ENTRY/CONSUMER/NUMBER. As in list mode, what may fail comes first.
local STREAM, GROUP, BASE = KEYS[1], ARGV[1], ARGV[2]
local call = redis.call
local clock = call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local CONSUMERS, LEASES, HELD = BASE .. ':consumers', BASE .. ':leases', BASE .. ':held'
local READY, DELAYED, RETRIES = BASE .. ':ready', BASE .. ':delayed', BASE .. ':retries'
local POPPED, DONE, SETTLED = BASE .. ':popped', BASE .. ':done', BASE .. ':settled'
local CANCELLED, DEAD = BASE .. ':cancelled', STREAM .. ':dead'

local function time_of(entry) return tonumber(entry:match('^%d+')) end
local function entry_of(token) return token:match('^[^/]*') end

-- A call that wants the group: it is made again when the stream was emptied.
local function with_group(...)
	local reply = redis.pcall(...)
	if type(reply) == 'table' and reply.err then
		if reply.err:find('NOGROUP', 1, true) or reply.err:find('no such key', 1, true) or
			reply.err:find('No such key', 1, true) then
			redis.pcall('XGROUP', 'CREATE', STREAM, GROUP, '0', 'MKSTREAM')
		end
		return call(...)
	end
	return reply
end

-- How often an entry was delivered; nil: nobody has it.
local function deliveries_of(entry)
	local pending = with_group('XPENDING', STREAM, GROUP, entry, entry, 1)
	return pending[1] and pending[1][4]
end

-- Entries are ready in the order in which they came.
local function make_ready(entry) call('ZADD', READY, time_of(entry), entry) end

local function return_lapsed()
	for _, entry in ipairs(call('ZRANGEBYSCORE', LEASES, '-inf', NOW, 'LIMIT', 0, 200)) do
		make_ready(entry)
		call('ZREM', LEASES, entry)
		call('HDEL', HELD, entry)
	end
	for _, entry in ipairs(call('ZRANGEBYSCORE', DELAYED, '-inf', NOW, 'LIMIT', 0, 200)) do
		make_ready(entry)
		call('ZREM', DELAYED, entry)
	end
end

-- Once a second for the whole group: entries that somebody took and left, and
-- consumers that are gone.
local function sweep(lease_ms)
	if not call('SET', BASE .. ':sweep', '1', 'NX', 'PX', 1000) then return end
	call('ZREMRANGEBYSCORE', SETTLED, '-inf', NOW - 600000)
	local from = call('GET', BASE .. ':scan') or '-'
	local idle = with_group('XPENDING', STREAM, GROUP, 'IDLE', lease_ms, from, '+', 200)
	for _, pending in ipairs(idle) do
		local entry = pending[1]
		if not (call('ZSCORE', LEASES, entry) or call('ZSCORE', READY, entry) or
			call('ZSCORE', DELAYED, entry)) then
			make_ready(entry)
		end
	end
	if #idle == 200 then
		call('SET', BASE .. ':scan', '(' .. idle[200][1], 'EX', 3600)
	else
		call('DEL', BASE .. ':scan')
	end
	for _, consumer in ipairs(call('ZRANGEBYSCORE', CONSUMERS, '-inf', NOW, 'LIMIT', 0, 20)) do
		if #call('XPENDING', STREAM, GROUP, '-', '+', 1, consumer) == 0 then
			call('XGROUP', 'DELCONSUMER', STREAM, GROUP, consumer)
			call('ZREM', CONSUMERS, consumer)
		end
	end
end

local function next_due()
	local due = -1
	for _, name in ipairs({ LEASES, DELAYED }) do
		local first = call('ZRANGE', name, 0, 0, 'WITHSCORES')
		if first[2] then
			local left = math.max(tonumber(first[2]) - NOW, 0)
			if due < 0 or left < due then due = left end
		end
	end
	return due
end
