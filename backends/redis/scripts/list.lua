-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- What every script of list mode begins with. KEYS[1] is the list of jobs, ARGV[1]
-- what the other keys begin with.
--
-- Redis does not undo what a script did before it failed. So what may fail (for want
-- of memory, for a key of another type) is done first, and what removes comes last.
local JOBS, BASE = KEYS[1], ARGV[1]
local call = redis.call
local clock = call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local CONSUMERS, LEASES = BASE .. ':consumers', BASE .. ':leases'
local DELAYED, RETURNED, DEAD = BASE .. ':delayed', BASE .. ':returned', BASE .. ':dead'
local POPPED, DONE, CANCELLED = BASE .. ':popped', BASE .. ':done', BASE .. ':cancelled'

local function held(consumer) return BASE .. ':held:' .. consumer end
local function processing(consumer) return BASE .. ':processing:' .. consumer end

-- What is known of a message: what names it, how often it was delivered, how often it
-- failed, when it came, its place in the line.
local function pack(record)
	return string.format('%s %d %d %.0f %.0f', record.digest, record.deliveries,
		record.retries, record.enqueued, record.position)
end

local function unpack_record(text)
	local g, d, r, e, p = text:match('^(%S+) (%d+) (%d+) (%d+) (%-?%d+)$')
	if not g then return nil end
	return { digest = g, deliveries = tonumber(d), retries = tonumber(r),
		enqueued = tonumber(e), position = tonumber(p) }
end

local function popped() return tonumber(call('GET', POPPED) or 0) end

-- A command of many words: name, key, then these; nothing where there are none.
local function call_all(name, key, words)
	for i = 1, #words, 4000 do
		call(name, key, unpack(words, i, math.min(i + 3999, #words)))
	end
end

-- The number at the end of a lease. It is long on purpose: of short words Redis makes
-- packed lists, in which every look-up walks.
local function lease_number(n) return string.format('%060.0f', n) end
