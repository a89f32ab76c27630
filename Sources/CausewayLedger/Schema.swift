import GRDB

/// The tables of the ledger, and how an older ledger becomes one of today.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE meta (
                        key TEXT PRIMARY KEY NOT NULL,
                        value TEXT NOT NULL
                    ) STRICT, WITHOUT ROWID;

                    -- Times are seconds since 1970, rates bits per second, sizes bytes. Zero limits are none.
                    CREATE TABLE user (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        name TEXT NOT NULL UNIQUE,
                        note TEXT NOT NULL,
                        password TEXT,
                        enabled INTEGER NOT NULL,
                        declared INTEGER NOT NULL,
                        quota INTEGER,
                        cycle TEXT NOT NULL,
                        zone TEXT NOT NULL,
                        expires INTEGER,
                        rate_up INTEGER,
                        rate_down INTEGER,
                        connections INTEGER NOT NULL,
                        devices INTEGER NOT NULL,
                        version INTEGER NOT NULL,
                        created INTEGER NOT NULL,
                        cycle_start INTEGER NOT NULL,
                        top_up INTEGER NOT NULL,
                        used_up INTEGER NOT NULL,
                        used_down INTEGER NOT NULL,
                        total_up INTEGER NOT NULL,
                        total_down INTEGER NOT NULL,
                        -- What of the counters of which epoch is in the figures above.
                        fold_epoch TEXT NOT NULL,
                        fold_up INTEGER NOT NULL,
                        fold_down INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE user_key (
                        key TEXT PRIMARY KEY NOT NULL,
                        user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
                        place INTEGER NOT NULL,
                        expires INTEGER
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX user_key_user ON user_key(user_id);

                    CREATE TABLE usage_hour (
                        user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
                        hour INTEGER NOT NULL,
                        up INTEGER NOT NULL,
                        down INTEGER NOT NULL,
                        PRIMARY KEY (user_id, hour)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE usage_cycle (
                        user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
                        start INTEGER NOT NULL,
                        end INTEGER NOT NULL,
                        up INTEGER NOT NULL,
                        down INTEGER NOT NULL,
                        quota INTEGER,
                        PRIMARY KEY (user_id, start)
                    ) STRICT, WITHOUT ROWID;
                    """
            )
        }
        return migrator
    }
}
