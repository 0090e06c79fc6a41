{-# LANGUAGE LambdaCase #-}
-- | Money that moves.
module Bank
  ( Account (..)
  , transfer
  ) where

import Data.Map (Map)

-- | An account.
data Account = Account
  { owner :: String  -- ^ who has it
  , balance :: Int
  } deriving (Show, Eq)

newtype Cents = Cents Int

type Ledger = Map String Account

-- | What can be paid.
class Payable a where
  -- | Pays it.
  pay :: a -> Int -> Either String a
  cost :: a -> Int
  cost _ = 0

instance Payable Account where
  pay account amount
    | amount > balance account = Left "overdrawn"
    | otherwise = Right account { balance = balance account - amount }

-- | Moves money.
--
-- Fails where there is none.
transfer :: Int -> Account -> Account -> Either String (Account, Account)
transfer 0 from to = Right (from, to)
transfer amount from to = do
  paid <- pay from amount
  pure (paid, deposit to)
  where
    deposit account = account { balance = balance account + amount }

(<+>) :: Cents -> Cents -> Cents
Cents a <+> Cents b = Cents (a + b)

{- | Twice as much. -}
double x = x * 2

main :: IO ()
main = do
  print (double 21)
