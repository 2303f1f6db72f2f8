"""What WeChat's rules and its API say of the callback, the account and its tickets."""
