-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- What every script of limits begins with. A limit has one key; a budget's reservations
-- lapse by a second one, and a bucket has one for what just took from it. By kinds:
--
--     bucket  hash: level, at; KEY:held, sorted set of calls that took, by when
--     window  sorted set of what began, by when
--     slots   sorted set of what is held, by when its lease lapses
--     budget  hash: used, reserved, and of each id the amount it holds, or L once that
--             lapsed; KEY:held, sorted set of ids by when they lapse
local call = redis.call
local clock = call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local BUCKET, WINDOW, SLOTS, BUDGET = '1', '2', '3', '4'

-- Redis takes whole numbers alone, and none in the notation of powers.
local function whole(n) return string.format('%.0f', n) end

-- What a process that died had reserved is free again; that it was, is remembered until
-- it is settled after all, or the day is over.
local function lapse(key, held)
	for _, id in ipairs(call('ZRANGEBYSCORE', held, '-inf', NOW)) do
		local amount = call('HGET', key, id)
		if amount and amount ~= 'L' then
			call('HINCRBY', key, 'reserved', '-' .. amount)
			call('HSET', key, id, 'L')
		end
		call('ZREM', held, id)
	end
end
