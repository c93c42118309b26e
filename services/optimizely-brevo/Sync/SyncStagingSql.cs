namespace Platform.OptimizelyBrevo.Sync;

/// <summary>The set-based steps from staged rows to batches. A million rows pass each of them once.</summary>
internal static class SyncStagingSql
{
    /// <summary>Of each contact and kind the latest row; equal times go by order of arrival.</summary>
    public const string Prepare = """
        set local work_mem = '64MB';
        analyze staged;
        create temp table latest on commit drop as
            select distinct on (email, kind) email, kind, desired, extra, in_lists, out_lists, decided_at, experiment_key, variation_key
            from staged where skipped is null order by email, kind, decided_at desc nulls last, row_no desc;
        analyze latest;
        """;

    /// <summary>A decision older than the one the contact already follows says nothing new.</summary>
    public const string DropOutdated = "delete from latest l using contacts c where l.kind = 2 and c.connection_id = @connection and c.email = l.email and c.decided_at > l.decided_at";

    /// <summary>
    /// All kinds of a contact together, beside what it was last sent. What is already there does not differ, whoever wrote it; values that only go along do not count.
    /// </summary>
    public const string FindChanges = """
        create temp table changed on commit drop as
        with merged as (
            select email, (array_agg(desired order by kind))[1] || coalesce((array_agg(desired order by kind))[2], '{}') || coalesce((array_agg(desired order by kind))[3], '{}')
                    || coalesce((array_agg(desired order by kind))[4], '{}') as desired,
                coalesce((array_agg(extra) filter (where extra is not null))[1], '{}') as extra, max(decided_at) as decided_at
            from latest group by email),
        listed as (
            select email, array_agg(list) filter (where inside) as in_lists, array_agg(list) filter (where not inside) as out_lists from (
                select email, unnest(in_lists) as list, true as inside from latest where in_lists is not null
                union all select email, unnest(out_lists), false from latest where out_lists is not null) as each group by email),
        joined as (
            select m.email, coalesce(c.desired, '{}') || m.desired as desired, m.extra, coalesce(c.sent, '{}') as sent, c.sent is null as is_new,
                greatest(c.decided_at, m.decided_at) as decided_at, coalesce(c.sent_lists, '{}') as sent_lists,
                array(select distinct e from unnest(coalesce(c.lists, '{}') || coalesce(l.in_lists, '{}')) as e where e <> all (coalesce(l.out_lists, '{}'))) as lists,
                c.sent is null or not c.sent @> m.desired as values_differ
            from merged m left join listed l using (email) left join contacts c on c.connection_id = @connection and c.email = m.email)
        select email, desired, is_new, decided_at, lists,
            case when values_differ then (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(desired) where sent -> key is distinct from value) || extra else '{}' end as attributes,
            array(select unnest(lists) except select unnest(sent_lists)) as add_lists, array(select unnest(sent_lists) except select unnest(lists)) as drop_lists,
            values_differ or not (lists @> sent_lists and sent_lists @> lists) as differs
        from joined
        """;

    /// <summary>
    /// Cuts the changes into calls. Many contacts go by import where there is a list for them; contacts Brevo has go by batch; new ones otherwise one by one, for one
    /// that is unknown would make Brevo refuse a whole batch. Numbers of batches have gaps; each kind has every third.
    /// </summary>
    public const string Cut = """
        create temp table cut on commit drop as
        with kinds as (
            select email, desired, is_new, decided_at, lists, attributes, add_lists, drop_lists, case
                when @listed and add_lists = '{}' and drop_lists = '{}' and count(*) filter (where add_lists = '{}' and drop_lists = '{}') over () >= @least then 'Import'
                when is_new and @create then 'Single' else 'Update' end as kind
            from changed where differs)
        select *, row_number() over (order by kind, email) as no,
            ((row_number() over (partition by kind order by email) - 1) / case kind when 'Import' then @import_size when 'Update' then @update_size else 1 end * 3
                + case kind when 'Import' then 1 when 'Single' then 2 else 3 end)::integer as batch_no
        from kinds
        """;

    public const string KeepChanges = """
        insert into sync_changes (sync_id, no, subject, attributes, add_lists, drop_lists, is_new, batch_no, outcome)
        select @sync, no, email, attributes, add_lists, drop_lists, is_new, batch_no, 'Pending' from cut where no <= @most
        """;

    /// <summary>Numbered from the other end, so that they need not know how many changes there are.</summary>
    public const string KeepSkipped = """
        insert into sync_changes (sync_id, no, subject, add_lists, drop_lists, is_new, outcome, reason)
        select @sync, -row_no, subject, '{}', '{}', false, 'Skipped', skipped from staged where skipped is not null order by row_no limit @most
        """;

    public const string KeepBatches = """
        insert into sync_batches (sync_id, no, kind, state, contacts, updated_at)
        select @sync, batch_no, min(kind), 'Ready', count(*), clock_timestamp() from cut group by batch_no
        """;

    public const string KeepDesired = """
        insert into contacts as c (connection_id, email, desired, lists, sent_lists, decided_at, failures)
        select @connection, email, desired, lists, '{}', decided_at, 0 from cut
        on conflict (connection_id, email) do update set desired = excluded.desired, lists = excluded.lists, decided_at = excluded.decided_at
        """;

    /// <summary>A later decision with the same values is still the later one, and what already holds needs no further try.</summary>
    public const string KeepUnchanged = """
        update contacts c set decided_at = changed.decided_at, retry_at = null from changed
        where not differs and c.connection_id = @connection and c.email = changed.email and (c.decided_at is distinct from changed.decided_at or c.retry_at is not null)
        """;

    public const string KeepAssignments = """
        insert into assignments as a (connection_id, email, experiment_key, variation_key, decided_at)
        select @connection, email, experiment_key, variation_key, max(decided_at) from (
            select distinct on (email, experiment_key) email, experiment_key, variation_key, decided_at from staged
            where skipped is null and experiment_key is not null and variation_key is not null order by email, experiment_key, decided_at desc, row_no desc) as each
        group by email, experiment_key, variation_key
        on conflict (connection_id, experiment_key, email) do update set variation_key = excluded.variation_key, decided_at = excluded.decided_at where a.decided_at <= excluded.decided_at
        """;
}
