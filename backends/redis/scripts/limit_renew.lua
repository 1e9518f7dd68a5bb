-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- KEYS: sorted sets in which something is held. ARGV: lease (ms), then the id in each. What
-- has lapsed already stays so.
local lease = tonumber(ARGV[1])

for i, key in ipairs(KEYS) do
	call('ZADD', key, 'XX', NOW + lease, ARGV[i + 1])
	if call('PTTL', key) < 2 * lease then call('PEXPIRE', key, 2 * lease) end
end
return 0
