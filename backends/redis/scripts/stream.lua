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
local POPPED, DONE, CANCELLED = BASE .. ':popped', BASE .. ':done', BASE .. ':cancelled'
local DEAD = STREAM .. ':dead'

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

-- A command of many words: name, key, then these; nothing where there are none.
local function call_all(name, key, words)
	for i = 1, #words, 4000 do
		call(name, key, unpack(words, i, math.min(i + 3999, #words)))
	end
end

-- The number at the end of a lease. It is long on purpose: of short words Redis makes
-- packed lists, in which every look-up walks.
local function lease_number(n) return string.format('%060.0f', n) end
