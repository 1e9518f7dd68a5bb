-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: of each limit its key and KEY:held. ARGV: id, lease (ms), the name of this call (the
-- same when it is made again for want of an answer), then of each limit: kind, most, period
-- (ms), amount.
-- Gives 0: all is taken; or the number of the limit that did not allow it, from 1, what is
-- used of it, and the wait (ms). What this id has already is not taken twice.
local id, lease, CALL = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local function limit(i)
	local at = 4 + (i - 1) * 4
	return { key = KEYS[2 * i - 1], held = KEYS[2 * i], kind = ARGV[at],
		most = tonumber(ARGV[at + 1]), period = tonumber(ARGV[at + 2]),
		amount = tonumber(ARGV[at + 3]) }
end

-- So long it is known which calls took from a bucket (ms): whose answer was lost asks once
-- more by then.
local ASKED_AGAIN = 10000

local check = {}

check[BUCKET] = function(l)
	call('ZREMRANGEBYSCORE', l.held, '-inf', NOW - ASKED_AGAIN)
	l.has = call('ZSCORE', l.held, CALL)
	if l.has then return end
	local level, at = unpack(call('HMGET', l.key, 'level', 'at'))
	l.level = l.most
	if level then
		l.level = math.min(l.most, tonumber(level) + (NOW - at) * l.most / l.period)
	end
	if l.level < l.amount then
		return l.most - math.floor(l.level),
			math.floor((l.amount - l.level) * l.period / l.most) + 1
	end
end

check[WINDOW] = function(l)
	call('ZREMRANGEBYSCORE', l.key, '-inf', NOW - l.period)
	l.has = call('ZSCORE', l.key, id)
	local n = call('ZCARD', l.key)
	if not l.has and n >= l.most then
		local oldest = call('ZRANGE', l.key, 0, 0, 'WITHSCORES')
		return n, oldest[2] + l.period - NOW
	end
end

check[SLOTS] = function(l)
	call('ZREMRANGEBYSCORE', l.key, '-inf', NOW)
	l.has = call('ZSCORE', l.key, id)
	local n = call('ZCARD', l.key)
	if not l.has and n + l.amount > l.most then return n, 0 end
end

check[BUDGET] = function(l)
	lapse(l.key, l.held)
	l.has = call('HEXISTS', l.key, id) == 1
	local used, reserved = unpack(call('HMGET', l.key, 'used', 'reserved'))
	local n = (tonumber(used) or 0) + (tonumber(reserved) or 0)
	if not l.has and n + l.amount > l.most then return n, 0 end
end

local take = {}

take[BUCKET] = function(l)
	if l.has then return end
	call('ZADD', l.held, NOW, CALL)
	call('PEXPIRE', l.held, ASKED_AGAIN)
	call('HSET', l.key, 'level', string.format('%.17g', l.level - l.amount), 'at', NOW)
	call('PEXPIRE', l.key, l.period + 1000)
end

take[WINDOW] = function(l)
	call('ZADD', l.key, NOW, id)
	call('PEXPIRE', l.key, l.period + 1000)
end

take[SLOTS] = function(l)
	call('ZADD', l.key, NOW + lease, id)
	call('PEXPIRE', l.key, 2 * lease)
end

take[BUDGET] = function(l)
	if l.has then return end
	call('HINCRBY', l.key, 'reserved', whole(l.amount))
	call('HSET', l.key, id, whole(l.amount))
	call('ZADD', l.held, NOW + lease, id)
	call('PEXPIRE', l.key, 2 * l.period)
	call('PEXPIRE', l.held, 2 * l.period)
end

local all = {}
for i = 1, #KEYS / 2 do
	local l = limit(i)
	local used, wait = check[l.kind](l)
	if used then return { i, used, wait } end
	all[i] = l
end
for _, l in ipairs(all) do take[l.kind](l) end
return { 0, 0, 0 }
