# Completion of ssyncctl for bash.
_ssyncctl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command='' one
    for one in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $one in status | sessions | top | drain | resume | limit | end | replicate) command=$one ;; esac
    done
    case $before in
        --socket | --priority-file) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --sort) mapfile -t COMPREPLY < <(compgen -W 'age bytes device rate' -- "$word"); return ;;
    esac
    local words
    case $command in
        '') words='--socket --help status sessions top drain resume limit end replicate' ;;
        sessions) words='--json --sort' ;;
        top) words='--json --sort --interval' ;;
        limit) words='--json --bytes --objects --idle --reset' ;;
        replicate) words='--json --priority-file' ;;
        *) words='--json' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _ssyncctl ssyncctl
