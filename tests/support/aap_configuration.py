# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection infra.aap_configuration takes: its variables, and the keys of each.

Facts from the roles of its release 3.0.0, and the same in 3.1.0-devel: their README files and what
their tasks read, as far as the example for AWX has to do with them.
"""

from __future__ import annotations

VERSION = "3.0.0"


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The variables that its role dispatch looks for, and the keys of one object in their lists.
KEYS = {
    "aap_organizations": _keys(
        "name new_name description custom_virtualenv max_hosts instance_groups default_environment "
        "galaxy_credentials notification_templates_started notification_templates_success "
        "notification_templates_error notification_templates_approvals state"
    ),
    "controller_credential_types": _keys("name new_name description injectors inputs kind state"),
    "controller_credentials": _keys(
        "name new_name copy_from description organization credential_type inputs user team "
        "update_secrets state"
    ),
    "controller_execution_environments": _keys(
        "name new_name description image organization credential pull state"
    ),
    "controller_instance_groups": _keys(
        "name new_name credential is_container_group policy_instance_percentage "
        "policy_instance_minimum policy_instance_list max_concurrent_jobs max_forks "
        "pod_spec_override instances state"
    ),
    "controller_inventories": _keys(
        "name new_name copy_from description organization instance_groups input_inventories "
        "variables kind host_filter prevent_instance_group_fallback state"
    ),
    "controller_inventory_sources": _keys(
        "name new_name description inventory organization source source_path source_vars "
        "enabled_var enabled_value host_filter limit credential execution_environment overwrite "
        "overwrite_vars custom_virtualenv timeout verbosity update_on_launch update_cache_timeout "
        "source_project scm_branch notification_templates_started notification_templates_success "
        "notification_templates_error state"
    ),
    "controller_projects": _keys(
        "name new_name copy_from description organization default_environment scm_type scm_url "
        "local_path scm_branch scm_refspec credential scm_credential scm_clean "
        "scm_delete_on_update scm_track_submodules scm_update_on_launch scm_update_cache_timeout "
        "allow_override timeout job_timeout custom_virtualenv wait interval update_project "
        "signature_validation_credential notification_templates_started "
        "notification_templates_success notification_templates_error state"
    ),
    "controller_schedules": _keys(
        "name new_name description rrule extra_data inventory credentials scm_branch "
        "execution_environment forks instance_groups job_slice_count labels timeout job_type "
        "job_tags skip_tags limit diff_mode verbosity unified_job_template organization enabled "
        "state"
    ),
    "controller_templates": _keys(
        "name new_name copy_from description execution_environment custom_virtualenv job_type "
        "inventory organization project playbook credentials forks limit verbosity extra_vars "
        "job_tags force_handlers skip_tags start_at_task diff_mode use_fact_cache host_config_key "
        "ask_scm_branch_on_launch ask_diff_mode_on_launch ask_variables_on_launch "
        "ask_limit_on_launch ask_tags_on_launch ask_skip_tags_on_launch ask_job_type_on_launch "
        "ask_verbosity_on_launch ask_inventory_on_launch ask_credential_on_launch "
        "ask_execution_environment_on_launch ask_forks_on_launch ask_instance_groups_on_launch "
        "ask_job_slice_count_on_launch ask_labels_on_launch ask_timeout_on_launch "
        "prevent_instance_group_fallback survey_enabled survey_spec survey become_enabled "
        "allow_simultaneous timeout instance_groups job_slice_count webhook_service "
        "webhook_credential scm_branch labels notification_templates_started "
        "notification_templates_success notification_templates_error state"
    ),
    "controller_workflows": _keys(
        "name new_name copy_from description organization ask_inventory_on_launch "
        "ask_limit_on_launch ask_scm_branch_on_launch ask_variables_on_launch extra_vars "
        "allow_simultaneous inventory limit labels ask_labels_on_launch job_tags skip_tags "
        "ask_tags_on_launch ask_skip_tags_on_launch notification_templates_approvals "
        "notification_templates_error notification_templates_started "
        "notification_templates_success scm_branch state workflow_nodes "
        "simplified_workflow_nodes destroy_current_nodes survey_enabled survey_spec survey "
        "webhook_service webhook_credential"
    ),
}

# One of simplified_workflow_nodes, and its approval_node.
NODE = _keys(
    "identifier unified_job_template lookup_organization execution_environment forks "
    "instance_groups job_slice_count labels timeout approval_node organization "
    "all_parents_must_converge always_nodes failure_nodes success_nodes verbosity state "
    "credentials diff_mode extra_data inventory job_tags job_type limit scm_branch skip_tags"
)
APPROVAL = _keys("name description timeout")

# A question of a survey, and the types of answers.
QUESTION = _keys(
    "question_name question_description required type variable default min max choices new_question"
)
ANSWERS = _keys("text textarea password integer float multiplechoice multiselect")

# What AWX says of the inputs and injectors of a credential type.
CREDENTIAL_FIELD = _keys("id type label help_text secret multiline format choices default")
INJECTORS = _keys("file env extra_vars")

# The type that AWX has built in, and its inputs.
KUBERNETES_TYPE = "OpenShift or Kubernetes API Bearer Token"
KUBERNETES_INPUTS = _keys("host bearer_token verify_ssl ssl_ca_cert")
