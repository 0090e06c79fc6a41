--- Things a player carries.
-- @module inventory
local M = {}

local MAX = 20

--[[ Counts items.
     Slowly. ]]
local function count(items)
  local n = 0
  for _ in pairs(items) do
    n = n + 1
  end
  return n
end

--- Adds an item.
-- @param item what to add
-- @return whether it fit
function M.add(items, item)
  if count(items) >= MAX then
    return false
  end
  items[#items + 1] = item
  return true
end

function M.Bag:open()
  return self.items
end

M.clear = function(items)
  for key in pairs(items) do
    items[key] = nil
  end
end

local handlers = {
  use = function(item)
    item.uses = item.uses - 1
    return item
  end,
  drop = function(item) return nil end,
}

return M
