"""The MongoDB engine of the storage port."""

from storage.mongodb.engine import MongoStore, open_mongodb

__all__ = ["MongoStore", "open_mongodb"]
