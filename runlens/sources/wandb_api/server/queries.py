"""The GraphQL operations: those that the W&B SDK itself sends, with its names and fields."""

from __future__ import annotations

RUN = """
query Run($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      projectId
      ...RunFragment
    }
  }
}
fragment RunFragment on Run {
  id
  tags
  name
  displayName
  state
  config
  group
  jobType
  commit
  createdAt
  heartbeatAt
  summaryMetrics
  historyLineCount
  user { name username }
  historyKeys
}
"""
"""Signature, config and summary in one request."""

RUNS = """
query Runs(
  $project: String!, $entity: String!, $cursor: String, $perPage: Int = 50, $order: String, $filters: JSONString
) {
  project(name: $project, entityName: $entity) {
    runCount(filters: $filters)
    runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
      edges {
        node {
          ...LightweightRunFragment
        }
        cursor
      }
      pageInfo { endCursor hasNextPage }
    }
  }
}
fragment LightweightRunFragment on Run {
  id
  tags
  name
  displayName
  state
  createdAt
}
"""

RUN_PARQUET_HISTORY = """
query RunParquetHistory($entity: String!, $project: String!, $runName: String!, $liveKeys: [String!]!) {
  project(name: $project, entityName: $entity) {
    run(name: $runName) {
      parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData }
    }
  }
}
"""
"""Addresses of the exported files, and the steps of the rows that no file holds yet."""

HISTORY_PAGE = """
query HistoryPage(
  $entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!, $pageSize: Int!
) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize)
    }
  }
}
"""
"""Rows with minStep <= _step < maxStep, at most pageSize of them."""

RUN_FULL_HISTORY = """
query RunFullHistory($project: String!, $entity: String!, $name: String!, $samples: Int) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { events(samples: $samples) }
  }
}
"""
"""System metrics: a sample, without paging."""

RUN_RESUME_STATUS = """
query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    id
    bucket(name: $name, missingOk: true) {
      id
      historyLineCount
      eventsLineCount
      eventsTail
    }
  }
}
"""
"""How many rows of system metrics there are, which the read query does not say, and the newest of them."""

RUN_FILES = """
query RunFiles($project: String!, $entity: String!, $name: String!, $fileNames: [String] = []) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      files(names: $fileNames, first: 1) { edges { node { name directUrl sizeBytes } } }
    }
  }
}
"""

NOTIFY = """
mutation NotifyScriptableRunAlert(
  $entityName: String!, $projectName: String!, $runName: String!, $title: String!, $text: String!,
  $severity: AlertSeverity = INFO, $waitDuration: Duration
) {
  notifyScriptableRunAlert(input: {
    entityName: $entityName, projectName: $projectName, runName: $runName, title: $title, text: $text,
    severity: $severity, waitDuration: $waitDuration
  }) { success }
}
"""

WRITE_SUMMARY = """
mutation UpsertBucket(
  $id: String, $name: String, $project: String, $entity: String, $summaryMetrics: JSONString
) {
  upsertBucket(input: {
    id: $id, name: $name, modelName: $project, entityName: $entity, summaryMetrics: $summaryMetrics
  }) {
    bucket { id }
  }
}
"""
