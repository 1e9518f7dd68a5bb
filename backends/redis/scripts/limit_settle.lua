-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: of each limit its key and KEY:held. ARGV: id, then of each limit: kind and what it
-- came to. Done twice it does nothing more.
local id = ARGV[1]

for i = 1, #KEYS / 2 do
	local key, held = KEYS[2 * i - 1], KEYS[2 * i]
	local kind, amount = ARGV[2 * i], ARGV[2 * i + 1]
	if kind == SLOTS then
		call('ZREM', key, id)
	else
		local reserved = call('HGET', key, id)
		if reserved then
			call('HINCRBY', key, 'used', amount)
			if reserved ~= 'L' then call('HINCRBY', key, 'reserved', '-' .. reserved) end
			call('HDEL', key, id)
			call('ZREM', held, id)
		end
	end
end
return 0
