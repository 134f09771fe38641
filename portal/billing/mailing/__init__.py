"""Statements by mail: to whom, how an address is confirmed, and mails as rows that are their own queue."""
