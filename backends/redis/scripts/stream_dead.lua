-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- ARGV: group, base, what to do (retry, drop), job id, is it any job's?, from which
-- letter on ("-": the first), the name of this call and how many letters it has acted on
-- (the same when it is made again for want of an answer). Acts on the first letter of the
-- job, or on the first of all.
-- Gives the letter to go on from ("": that was all), and whether one was acted on.
local action, id, any, from = ARGV[3], ARGV[4], ARGV[5] == '1', ARGV[6]
local ACTED, acted = BASE .. ':acted:' .. ARGV[7], tonumber(ARGV[8])
if tonumber(call('GET', ACTED) or 0) > acted then return { from, 1 } end
local STEP = any and 1 or 1000
local OURS = { job_id = true, reason = true, deliveries = true, retries = true,
	dead_at = true }
local letters = call('XRANGE', DEAD, from, '+', 'COUNT', STEP)
for _, letter in ipairs(letters) do
	local own, is_it = {}, any
	for i = 1, #letter[2], 2 do
		local name, value = letter[2][i], letter[2][i + 1]
		if not OURS[name] then
			own[#own + 1], own[#own + 2] = name, value
		elseif name == 'job_id' and value == id then
			is_it = true
		end
	end
	if is_it then
		if action == 'retry' and #own > 0 then call('XADD', STREAM, '*', unpack(own)) end
		call('SET', ACTED, acted + 1, 'EX', 600)
		call('XDEL', DEAD, letter[1])
		return { from, 1 }
	end
end
return { #letters == STEP and '(' .. letters[STEP][1] or '', 0 }
