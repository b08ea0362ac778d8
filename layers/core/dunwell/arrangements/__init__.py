"""What customers can agree with the creditor: plans, promises, settlements and discounts; recommended, agreed, kept."""
